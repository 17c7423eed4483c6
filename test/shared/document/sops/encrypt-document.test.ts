import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { toBase64 } from "../../../../shared/bytes.ts";
import { encryptSopsDocuments } from "../../../../shared/document/sops/encrypt-document.ts";
import { openSopsDocuments } from "../../../../shared/document/sops/open-document.ts";
import { SopsError } from "../../../../shared/document/sops/sops-error.ts";
import { parseEncryptedValue, ValueCipher } from "../../../../shared/document/sops/value.ts";
import { PlainSopsKeys } from "../../../support/plain-sops-keys.ts";
import { sopsCases } from "../../../support/sops-arbitrary.ts";
import {
  ENCRYPTED_AT,
  encryptedTree,
  encryptedYaml,
  openedYaml,
  patience,
  yamlTree,
} from "../../../support/sops-documents.ts";

/** A text without what differs each time. */
const shape = (text: string) =>
  text.replaceAll(/ENC\[AES256_GCM,[^\]]*type:(\w+)\]/g, "<$1>").replaceAll(/plain:\S+/g, "plain");

test("what an encrypted document looks like", async () => {
  const text = await encryptedYaml(`# top
s: text
i: 5
f: 1.5
b: true
t: 2020-01-01
n: null
e: ""
m: {}
l: []
deep:
    # inner
    a: [1, [x, {z: "true"}]]
    plain_unencrypted: {yes: 0x1F}
list:
    - v # note
    # another
    - w
#
last: "ENC[AES256_GCM,data:x]"
`);
  assert.equal(
    shape(text),
    `#<comment>
s: <str>
i: <int>
f: <float>
b: <bool>
t: <time>
"n": null
e: ""
m: {}
l: []
deep:
    #<comment>
    a:
        - <int>
        - - <str>
          - z: <str>
    plain_unencrypted:
        "yes": 31
list:
    - <str>
    - <str>
#
last: <str>
sops:
    age:
        - enc: plain
          recipient: age1a
    lastmodified: "2026-01-02T03:04:05Z"
    mac: <str>
    unencrypted_suffix: _unencrypted
    version: 3.9.0
`,
  );
});

test("rule, threshold, and what the MAC covers are written into each document", async () => {
  const text = await encryptedYaml("a: x\n---\na: y\n", {
    selection: { rule: "encrypted_regex", pattern: "^a$" },
    macOnlyEncrypted: true,
    groups: [[{ type: "age", recipient: "a" }], [{ type: "age", recipient: "b" }]],
  });
  const [first = "", second = ""] = text.split("---\n").map((document) => document.replace(/^a:.*\n/, ""));
  assert.equal(first, second);
  assert.match(first, /^ {4}encrypted_regex: \^a\$$/m);
  assert.match(first, /^ {4}mac_only_encrypted: true$/m);
  assert.match(first, /^ {4}shamir_threshold: 2$/m);
});

test("the MAC is over the values in their order, with the time for its binding", async () => {
  const keys = new PlainSopsKeys();
  const encrypted = await encryptedTree(
    "a: v1\nb_unencrypted: [Secret, admin]\nc: true\nd: 1.5\ne: 5\n",
    keys,
  );
  const opened = await openSopsDocuments(encrypted, { unwrapper: keys, where: "x", signal: patience });
  const mac = parseEncryptedValue(opened.metadata.mac);
  assert.ok(mac);
  assert.equal(mac.type, "str");
  const plain = await (await ValueCipher.of(opened.dataKey)).decrypt(mac, "2026-01-02T03:04:05Z");
  assert.match(new TextDecoder().decode(plain ?? new Uint8Array()), /^220C0A6D71C2A267FE8D26540F4AEF2C/);
});

test("equal values differ once they are encrypted, and each document has a key of its own", async () => {
  const text = await encryptedYaml("l: [x, x, x]\n");
  const values = text.match(/(?<=- )ENC.*/g) ?? [];
  assert.equal(new Set(values).size, 3);
  const keys = new PlainSopsKeys();
  const shares = [await encryptedTree("a: 1\n", keys), await encryptedTree("a: 1\n", keys)].map((tree) =>
    JSON.stringify(tree[0]?.entries.at(-1), (_, value: unknown) =>
      value instanceof Uint8Array ? toBase64(value) : typeof value === "bigint" ? `${value}` : value,
    ),
  );
  assert.notEqual(shares[0], shares[1]);
  assert.deepEqual(keys.taken, [new Uint8Array(32), new Uint8Array(32)], "data keys are wiped");
});

test("the plain documents stay as they were", async () => {
  const plain = yamlTree("# c\na: {b: [x]}\n");
  const options = {
    groups: [[{ type: "age" as const, recipient: "a" }]],
    shamirThreshold: 0,
    selection: { rule: "default" as const },
    macOnlyEncrypted: false,
    wrapper: new PlainSopsKeys(),
    now: ENCRYPTED_AT,
    signal: patience,
  };
  await encryptSopsDocuments(plain, options);
  assert.deepEqual(plain, yamlTree("# c\na: {b: [x]}\n"));
});

suite("refused", () => {
  const refused: readonly (readonly [string, string, RegExp])[] = [
    ["an entry sops", "a: 1\nsops: x\n", /^the document: there is an entry sops/],
    [
      "an entry sops in a later document",
      "a: 1\n---\nsops: {}\n",
      /^the document, document 2: there is an entry sops/,
    ],
    ["minus zero in clear", "a_unencrypted: [-0.0]\n", /^the document: a_unencrypted\[0\] is minus zero/],
  ];
  for (const [what, text, message] of refused) {
    test(what, async () => {
      const keys = new PlainSopsKeys();
      await assert.rejects(encryptedTree(text, keys), { code: "sops", message });
      assert.deepEqual(keys.wrapped, [], "nobody was asked");
    });
  }
  test("whole numbers of more than 64 bits, encrypted or not", async () => {
    for (const [key, value] of [
      ["a", 2n ** 63n],
      ["a_unencrypted", -(2n ** 63n) - 1n],
    ] as const) {
      const plain = [
        {
          kind: "map" as const,
          entries: [{ kind: "entry" as const, key, value: { kind: "int" as const, value } }],
        },
      ];
      const options = {
        groups: [[{ type: "age" as const, recipient: "a" }]],
        shamirThreshold: 0,
        selection: { rule: "default" as const },
        macOnlyEncrypted: false,
        wrapper: new PlainSopsKeys(),
        now: ENCRYPTED_AT,
        where: "secret.yaml",
        signal: patience,
      };
      await assert.rejects(encryptSopsDocuments(plain, options), {
        problem: "structure",
        message: `secret.yaml: ${key} is a whole number of more than 64 bits, which SOPS has no form for`,
      });
    }
  });
  test("no document", async () => {
    await assert.rejects(encryptedTree("a: 1\n", new PlainSopsKeys(), { groups: [] }), {
      problem: "recipients",
    });
    const none = encryptSopsDocuments([], {
      groups: [],
      shamirThreshold: 0,
      selection: { rule: "default" },
      macOnlyEncrypted: false,
      wrapper: new PlainSopsKeys(),
      now: ENCRYPTED_AT,
      signal: patience,
    });
    await assert.rejects(none, { problem: "structure", message: "the document: there is no document" });
  });
  test("a rule that is no pattern", async () => {
    const selection = { rule: "encrypted_regex", pattern: "(?!x)a" } as const;
    await assert.rejects(encryptedYaml("a: 1\n", { selection }), { problem: "rule" });
  });
  test("a rule on comments that every encrypted comment fits", async () => {
    const selection = { rule: "unencrypted_comment_regex", pattern: "ENC" } as const;
    await assert.rejects(encryptedYaml("# note\na: 1\n", { selection }), {
      problem: "rule",
      message: /^the document: a comment would, once it is encrypted, keep what follows it in clear$/,
    });
  });
});

test("minus zero, not a number and infinity are encrypted as they are", async () => {
  assert.equal(
    await openedYaml(await encryptedYaml("a: -0.0\nb: .nan\nc: -.inf\n")),
    "a: -0\nb: .nan\nc: -.inf\n",
  );
});

test("strings need not be UTF-8", async () => {
  const text = await encryptedYaml("a: !!binary /wD+\n");
  assert.match(text, /^a: ENC.*type:str\]$/m);
  assert.equal(await openedYaml(text), "a: !!binary /wD+\n");
});

test("whatever is encrypted opens as it was, by any rule, for any groups", async () => {
  const recipients = ["age1a", "age1b", "age1c"].map((recipient) => ({ type: "age" as const, recipient }));
  const cases = sopsCases({ format: "yaml", comments: true, listComments: false }, recipients);
  await fc.assert(
    fc.asyncProperty(cases, fc.boolean(), async ({ documents, ...options }, losesOne) => {
      const keys = new PlainSopsKeys();
      const encrypted = await encryptSopsDocuments(documents, {
        ...options,
        wrapper: keys,
        now: ENCRYPTED_AT,
        signal: patience,
      });
      if (losesOne && options.groups.every((group) => group.length > 1)) keys.refused.add("age1a");
      const opened = await openSopsDocuments(encrypted, { unwrapper: keys, where: "x", signal: patience });
      assert.deepEqual(opened.documents, documents);
      assert.equal(opened.metadata.macOnlyEncrypted, options.macOnlyEncrypted);
    }),
    { numRuns: 100 },
  );
});

test("errors quote nothing that is to be encrypted", async () => {
  const canary = "s3cr3t-canary";
  const texts = [`sops: ${canary}\n`, `a_unencrypted: [${canary}, -0.0]\n`];
  for (const text of texts) {
    await assert.rejects(encryptedYaml(text), (error) => {
      assert.ok(error instanceof SopsError);
      assert.equal(`${error.message}${error.hint}${error.stack}`.includes(canary), false);
      return true;
    });
  }
});

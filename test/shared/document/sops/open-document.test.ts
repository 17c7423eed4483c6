import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { toBase64, utf8 } from "../../../../shared/bytes.ts";
import type { EncryptingOptions } from "../../../../shared/document/sops/encrypt-document.ts";
import { openSopsDocuments } from "../../../../shared/document/sops/open-document.ts";
import { SopsError, type SopsProblem } from "../../../../shared/document/sops/sops-error.ts";
import { encryptedValueText, ValueCipher } from "../../../../shared/document/sops/value.ts";
import { PlainSopsKeys } from "../../../support/plain-sops-keys.ts";
import {
  encryptedTree,
  encryptedYaml,
  openedYaml,
  openYaml,
  patience,
  yamlTree,
} from "../../../support/sops-documents.ts";

const SECRET = `kind: Secret
metadata:
    name: c
    namespace: "1"
data:
    a: one
    b: two
    port: "5432"
    flag: true
l:
    - x
    - z
`;
const onlyData = { selection: { rule: "encrypted_regex", pattern: "^(data|l)$" } } as const;

/** The encrypted value that stands behind a key or dash, the first of them. */
function valueAt(text: string, key: string): string {
  const found = new RegExp(`^ *${key} (ENC\\[.*\\])$`, "m").exec(text)?.[1];
  assert.ok(found, `no encrypted value at ${key}`);
  return found;
}

/** Changes a text in one place, which has to be there. */
function changed(text: string, find: string | RegExp, by: string): string {
  const result = text.replace(find, () => by);
  assert.notEqual(result, text);
  return result;
}

function swapped(text: string, one: string, other: string): string {
  return text.replace(one, "\0").replace(other, one).replace("\0", other);
}

type Tampering = {
  what: string;
  plain?: string;
  options?: Partial<EncryptingOptions>;
  tamper: (text: string) => string;
};

const refused: readonly (Tampering & { problem: SopsProblem; at?: string })[] = [
  {
    what: "a changed value in clear",
    tamper: (text) => changed(text, "name: c", "name: d"),
    problem: "mac-mismatch",
  },
  {
    what: "encrypted values of two keys swapped",
    tamper: (text) => swapped(text, valueAt(text, "a:"), valueAt(text, "b:")),
    problem: "not-authentic",
    at: "data.a",
  },
  {
    what: "entries in another order",
    tamper: (text) => swapped(text, `a: ${valueAt(text, "a:")}`, `b: ${valueAt(text, "b:")}`),
    problem: "mac-mismatch",
  },
  {
    what: "items of a list swapped",
    tamper: (text) => {
      const [first = "", second = ""] = text.match(/(?<=- )ENC\[.*\]/g) ?? [];
      return swapped(text, first, second);
    },
    problem: "mac-mismatch",
  },
  {
    what: "an encrypted value under another key",
    tamper: (text) => changed(text, "    b:", "    c:"),
    problem: "not-authentic",
    at: "data.c",
  },
  {
    what: "an encrypted value that was blanked",
    tamper: (text) => changed(text, valueAt(text, "a:"), '""'),
    problem: "mac-mismatch",
  },
  {
    what: "an encrypted value that was removed",
    tamper: (text) => changed(text, `    a: ${valueAt(text, "a:")}\n`, ""),
    problem: "mac-mismatch",
  },
  {
    what: "an encrypted value that was made null",
    tamper: (text) => changed(text, valueAt(text, "a:"), "null"),
    problem: "mac-mismatch",
  },
  { what: "no MAC", tamper: (text) => changed(text, / {4}mac: .*\n/, ""), problem: "no-mac" },
  { what: "an empty MAC", tamper: (text) => changed(text, /mac: .*/, 'mac: ""'), problem: "no-mac" },
  { what: "a MAC in clear", tamper: (text) => changed(text, /mac: .*/, "mac: ABCD"), problem: "metadata" },
  {
    what: "a MAC that is a value of the document",
    tamper: (text) => changed(text, valueAt(text, "mac:"), valueAt(text, "a:")),
    problem: "mac-mismatch",
  },
  {
    what: "another time of change",
    tamper: (text) => changed(text, "03:04:05Z", "03:04:06Z"),
    problem: "mac-mismatch",
  },
  {
    what: "a MAC of all values called one of the encrypted",
    tamper: (text) => changed(text, "    mac: ", "    mac_only_encrypted: true\n    mac: "),
    problem: "mac-mismatch",
  },
  {
    what: "a MAC of the encrypted values called one of all",
    options: { macOnlyEncrypted: true },
    tamper: (text) => changed(text, "    mac_only_encrypted: true\n", ""),
    problem: "mac-mismatch",
  },
  {
    what: "a plain value where the rule says encrypted",
    tamper: (text) => changed(text, valueAt(text, "a:"), "mine"),
    problem: "not-encrypted",
    at: "data.a",
  },
  {
    what: "a number where the rule says encrypted",
    tamper: (text) => changed(text, valueAt(text, "a:"), "1"),
    problem: "not-encrypted",
    at: "data.a",
  },
  {
    what: "an added plain value where the rule says encrypted",
    tamper: (text) => changed(text, "\ndata:\n", "\ndata:\n    new: x\n"),
    problem: "not-encrypted",
    at: "data.new",
  },
  {
    what: "a rule that selects less",
    tamper: (text) => changed(text, "^(data|l)$", "^l$"),
    problem: "mac-mismatch",
  },
  {
    what: "a rule that selects more",
    tamper: (text) => changed(text, "^(data|l)$", "^(data|kind|l)$"),
    problem: "not-encrypted",
    at: "kind",
  },
  {
    what: "no rule, so that the default one counts",
    tamper: (text) => changed(text, / {4}encrypted_regex: .*\n/, ""),
    problem: "not-encrypted",
    at: "kind",
  },
  {
    what: "a rule that is no pattern",
    tamper: (text) => changed(text, "^(data|l)$", "(?!x)data"),
    problem: "rule",
  },
  {
    what: "text behind an encrypted value",
    tamper: (text) => changed(text, "type:bool]", "type:bool]x"),
    problem: "malformed-value",
    at: "data.flag",
  },
  {
    what: "the type of values that ended with version 1",
    tamper: (text) => changed(text, "type:bool]", "type:bytes]"),
    problem: "malformed-value",
    at: "data.flag",
  },
  {
    what: "a type that nobody knows",
    tamper: (text) => changed(text, "type:bool]", "type:secret]"),
    problem: "malformed-value",
    at: "data.flag",
  },
  {
    what: "a value that calls itself a comment",
    tamper: (text) => changed(text, "type:bool]", "type:comment]"),
    problem: "malformed-value",
    at: "data.flag",
  },
  {
    what: "an item that calls itself a comment",
    tamper: (text) => text.replace(/(- ENC.*)type:str/, "$1type:comment"),
    problem: "mac-mismatch",
  },
  {
    what: "a type that does not fit what it holds",
    tamper: (text) => changed(text, "type:bool]", "type:int]"),
    problem: "wrong-type",
    at: "data.flag",
  },
  {
    what: "documents in another order",
    plain: "a: x\n---\na: y\n",
    options: { selection: { rule: "default" } },
    tamper: (text) => {
      const [first = "", second = ""] = text.match(/(?<=^a: )ENC\[.*\]/gm) ?? [];
      return swapped(text, first, second);
    },
    problem: "mac-mismatch",
  },
  {
    what: "a document that was taken away",
    plain: "a: x\n---\na: y\n",
    options: { selection: { rule: "default" } },
    tamper: (text) => text.split("---\n").slice(0, 1).join(),
    problem: "mac-mismatch",
  },
];

suite("a document is refused for", () => {
  for (const { what, plain = SECRET, options = onlyData, tamper, problem, at } of refused) {
    test(what, async () => {
      const text = await encryptedYaml(plain, { ...onlyData, ...options });
      await openYaml(text);
      const tampered = tamper(text);
      assert.notEqual(tampered, text);
      const keys = new PlainSopsKeys();
      await assert.rejects(openYaml(tampered, keys), (error) => {
        assert.ok(error instanceof SopsError, String(error));
        assert.equal(error.problem, problem);
        assert.ok(error.message.startsWith(`secret.yaml: ${at ?? ""}`), error.message);
        assert.doesNotMatch(error.message, /one|two|5432|mine/);
        return true;
      });
      for (const key of keys.handedOut) assert.deepEqual(key, new Uint8Array(32), "the key is wiped");
    });
  }
  test("what is wrong without a key, before one is asked for", async () => {
    for (const tamper of [/type:bool\]/, /ENC\[AES/, / {4}mac: .*\n/, /\^\(data/]) {
      const keys = new PlainSopsKeys();
      const text = changed(await encryptedYaml(SECRET, onlyData), tamper, "(");
      await assert.rejects(openYaml(text, keys), { code: "sops" });
      assert.deepEqual(keys.unwrapped, []);
    }
  });
  test("a whole number that SOPS has no form for, in clear", async () => {
    const encrypted = await encryptedTree("a: x\nb_unencrypted: 1\n", new PlainSopsKeys());
    const entry = encrypted[0]?.entries[1];
    assert.ok(entry?.kind === "entry");
    entry.value = { kind: "int", value: 2n ** 63n };
    const opening = openSopsDocuments(encrypted, {
      unwrapper: new PlainSopsKeys(),
      where: "secret.yaml",
      signal: patience,
    });
    await assert.rejects(opening, {
      problem: "structure",
      message: /^secret\.yaml: b_unencrypted is a whole/,
    });
  });
});

/** What the format does not protect. Whoever needs it protected looks at what was opened. */
const accepted: readonly (Tampering & { opened: string })[] = [
  {
    what: "a key in clear with another name",
    tamper: (text) => changed(text, "kind:", "Kind:"),
    opened: SECRET.replace("kind", "Kind"),
  },
  {
    what: "letters that moved from one value in clear to the next",
    tamper: (text) => changed(text, /name: c\n {4}namespace: "1"/, 'name: ""\n    namespace: c1'),
    opened: SECRET.replace('name: c\n    namespace: "1"', 'name: ""\n    namespace: c1'),
  },
  {
    what: "a value in clear of another type",
    tamper: (text) => changed(text, 'namespace: "1"', "namespace: 1"),
    opened: SECRET.replace('namespace: "1"', "namespace: 1"),
  },
  {
    what: "an encrypted value of another type that fits",
    tamper: (text) => text.replace(/(port: ENC.*)type:str/, "$1type:int"),
    opened: SECRET.replace('"5432"', "5432"),
  },
  {
    what: "added entries that hold nothing",
    tamper: (text) => changed(text, "\ndata:\n", '\ndata:\n    m: ""\n    o: null\n    p: {}\n    q: []\n'),
    opened: SECRET.replace("\ndata:\n", '\ndata:\n    m: ""\n    o: null\n    p: {}\n    q: []\n'),
  },
  {
    what: "colons that moved between keys",
    plain: "a:b:\n    c: x\n",
    options: { selection: { rule: "default" } },
    tamper: (text) => changed(text, "a:b:\n    c: ", "a:\n    b:c: "),
    opened: "a:\n    b:c: x\n",
  },
  {
    what: "a comment in clear instead of an encrypted one",
    plain: "# sealed\na: x\n",
    options: { selection: { rule: "default" } },
    tamper: (text) => changed(text, /#.*/, "# mine"),
    opened: "# mine\na: x\n",
  },
  {
    what: "an encrypted comment that does not open",
    plain: "# sealed\na: x\n",
    options: { selection: { rule: "default" } },
    tamper: (text) => changed(text, /#.*/, "#ENC[AES256_GCM,broken]"),
    opened: "#ENC[AES256_GCM,broken]\na: x\n",
  },
  {
    what: "values in clear where the MAC covers the encrypted ones alone",
    options: { macOnlyEncrypted: true },
    tamper: (text) => changed(text, 'namespace: "1"', "namespace: prod"),
    opened: SECRET.replace('namespace: "1"', "namespace: prod"),
  },
];

suite("a document opens in spite of", () => {
  for (const { what, plain = SECRET, options = {}, tamper, opened } of accepted) {
    test(what, async () => {
      const text = await encryptedYaml(plain, { ...onlyData, ...options });
      const tampered = tamper(text);
      assert.notEqual(tampered, text);
      assert.equal(await openedYaml(tampered), opened);
    });
  }
});

suite("what other writers made", () => {
  /** A document of one list whose items are given as text, made by hand. */
  async function document(items: (cipher: ValueCipher) => Promise<string[]>, mac: string): Promise<string> {
    const dataKey = Uint8Array.from({ length: 32 }, (_, index) => index + 1);
    const cipher = await ValueCipher.of(dataKey);
    const { macOf } = await import("../../../../shared/document/sops/mac.ts");
    const sealedMac = await cipher.encrypt(
      utf8(await macOf([utf8(mac)], false)),
      "2026-01-02T03:04:05+02:00",
      "str",
    );
    return `l:
${(await items(cipher)).map((item) => `  - ${item}\n`).join("")}sops:
  age: [{enc: "plain:${toBase64(dataKey)}"}]
  lastmodified: "2026-01-02T03:04:05.5+02:00"
  mac: ${sealedMac}
  version: 3.0.0
`;
  }
  test("an encrypted comment in a list is a comment, and not in the MAC", async () => {
    const text = await document(
      async (cipher) => [
        await cipher.encrypt(utf8(" note"), "l:", "comment"),
        await cipher.encrypt(utf8("x"), "l:", "str"),
      ],
      "x",
    );
    assert.deepEqual((await openYaml(text)).documents, yamlTree("l:\n  # note\n  - x\n"));
  });
  test("a comment in a list that is no line of text is refused", async () => {
    const text = await document(async (cipher) => [await cipher.encrypt(utf8("a\nb"), "l:", "comment")], "");
    await assert.rejects(openYaml(text), {
      problem: "wrong-type",
      message: /^secret\.yaml: l\[0\] does not hold/,
    });
  });
  test("an IV of 12 bytes", async () => {
    const text = await document(async () => {
      const key = await crypto.subtle.importKey(
        "raw",
        Uint8Array.from({ length: 32 }, (_, index) => index + 1),
        "AES-GCM",
        false,
        ["encrypt"],
      );
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const sealed = new Uint8Array(
        await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: utf8("l:") }, key, utf8("x")),
      );
      return [encryptedValueText({ data: sealed.slice(0, -16), iv, tag: sealed.slice(-16), type: "str" })];
    }, "x");
    assert.deepEqual((await openYaml(text)).documents, yamlTree("l: [x]\n"));
  });
});

test("the key is given out with the documents, and wiped when that is asked for", async () => {
  const keys = new PlainSopsKeys();
  const opened = await openYaml(await encryptedYaml(SECRET), keys);
  assert.equal(opened.dataKey.length, 32);
  assert.notDeepEqual(opened.dataKey, new Uint8Array(32));
  opened.wipe();
  assert.deepEqual([opened.dataKey, ...keys.handedOut], [new Uint8Array(32), new Uint8Array(32)]);
});

test("the encrypted document stays as it was", async () => {
  const encrypted = await encryptedTree(SECRET, new PlainSopsKeys());
  const copy = structuredClone(encrypted);
  await openSopsDocuments(encrypted, { unwrapper: new PlainSopsKeys(), where: "x", signal: patience });
  assert.deepEqual(encrypted, copy);
});

test("ends with the reason of whoever has no patience", async () => {
  const encrypted = await encryptedTree(SECRET, new PlainSopsKeys());
  const reason = new Error("enough");
  const opening = openSopsDocuments(encrypted, {
    unwrapper: new PlainSopsKeys(),
    where: "x",
    signal: AbortSignal.abort(reason),
  });
  await assert.rejects(opening, reason);
});

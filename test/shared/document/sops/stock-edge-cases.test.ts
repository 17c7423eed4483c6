import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import { utf8 } from "../../../../shared/bytes.ts";
import { editSopsDocuments } from "../../../../shared/document/sops/edit-document.ts";
import {
  type EncryptingOptions,
  encryptSopsDocuments,
} from "../../../../shared/document/sops/encrypt-document.ts";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import { rotateSopsDocuments } from "../../../../shared/document/sops/rotate-document.ts";
import type { SopsFormat } from "../../../../shared/document/sops/tree.ts";
import { parseEncryptedValue, ValueCipher } from "../../../../shared/document/sops/value.ts";
import { writeSopsTree } from "../../../../shared/document/sops/write-tree.ts";
import { coverageTable } from "../../../support/coverage-table.ts";
import { AgePeople, StockSops } from "../../../support/stock-sops.ts";

const { signal } = new AbortController();

const rows = {
  "1": "IVs have 32 bytes; a document with one of 12 opens, and what we edit the stock tool can edit again",
  "2": "values are bound to their path with a colon behind it, comments of the root to a colon, items to their list",
  "3": "empty strings, null, empty lists and mappings stay as they are",
  "4": "truth values are True and False to the MAC, also in clear",
  "5": "floats have no exponent",
  "6": "whole numbers beyond 2^53 are exact, in clear and encrypted",
  "7": "scalars in clear are resolved as go-yaml does",
  "8": "strings are bytes, and need not be UTF-8",
  "9": "the order of keys is that of the document, also of numbers",
  "10": "encrypted comments in lists are items: read as comments, and never written",
  "11": "without a rule the default one counts",
  "12": "a rule looks at each key on the path, unanchored, in Go's syntax",
  "13": "the MAC is upper-case hex, bound to the time as it is written anew",
  "14": "lastmodified is quoted, and a version has three parts",
  "15": "the metadata is in each document of a stream, and the MAC over all of them",
  "16": "anchors and merges are expanded, and << stays a key",
  "17": "shares have 33 bytes, and any that suffice open the document",
  "18": "an int that is none is an error",
  "19": "numbers of JSON are ints or floats by their spelling",
  "20": "times in clear count as RFC 3339",
  "21": "text behind a value is refused, which the stock tool takes",
  "22": "a number or text in clear where the rule says encrypted is an error, but for the empty string",
  "23": "armor keeps its line breaks, in YAML and JSON",
  "24": "what other services wrapped stays as it was written",
  "25": "a rotation that would lose entries is refused, and so is no edit",
  comments: "comments above, inline and in lists stay where they are",
  "odd streams":
    "duplicates, keys that are no strings, roots that are no mappings and text after the end are refused",
  "reserved key": "a document with an entry sops is not encrypted",
} as const;

const table = coverageTable(rows);

suite("edge cases of the format, in stock sops and in ours", () => {
  let people: AgePeople;
  let stock: StockSops;
  let file = 0;

  before(async () => {
    people = await AgePeople.create();
    stock = await StockSops.start({ SOPS_AGE_KEY: people.keyText });
  });
  after(() => stock?.stop());

  const recipient = () => people.recipients[0]?.recipient ?? assert.fail();
  async function written(text: string | Uint8Array, extension: string): Promise<string> {
    const name = `edge-${file++}.${extension}`;
    await stock.write(name, text);
    return name;
  }
  async function encryptTheirs(
    text: string,
    format: SopsFormat = "yaml",
    ...flags: string[]
  ): Promise<string> {
    const name = await written(text, format);
    return stock.succeed(["--encrypt", "--age", recipient(), ...flags, name]);
  }
  async function encryptOurs(
    text: string,
    format: SopsFormat = "yaml",
    options: Partial<EncryptingOptions> = {},
  ): Promise<string> {
    const encrypted = await encryptSopsDocuments(readSopsTree(text, format, "plain"), {
      groups: [people.recipients],
      shamirThreshold: 0,
      selection: { rule: "default" },
      macOnlyEncrypted: false,
      wrapper: people.wrapper,
      now: new Date(),
      signal,
      ...options,
    });
    return writeSopsTree(encrypted, format);
  }
  async function decryptTheirs(text: string, format: SopsFormat = "yaml"): Promise<string> {
    return stock.succeed(["decrypt", await written(text, format)]);
  }
  async function decryptOurs(text: string, format: SopsFormat = "yaml"): Promise<string> {
    return writeSopsTree((await people.open(text, format)).documents, format);
  }
  /** Each side encrypts it, and each decrypts both to the same text. */
  async function both(plain: string, expected = plain, format: SopsFormat = "yaml"): Promise<void> {
    for (const text of [await encryptTheirs(plain, format), await encryptOurs(plain, format)]) {
      assert.equal(await decryptTheirs(text, format), expected);
      assert.equal(await decryptOurs(text, format), expected);
    }
  }
  async function edited(text: string, wanted: string, format: SopsFormat = "yaml"): Promise<string> {
    const tree = readSopsTree(text, format, "edited");
    const plain = readSopsTree(wanted, format, "wanted");
    const changed = await editSopsDocuments(tree, await people.open(text, format), plain, {
      now: new Date(),
    });
    return writeSopsTree(changed, format);
  }

  table.proves("1", "lengths of IVs", async () => {
    const text = await encryptOurs("a: x\nb: t\n");
    for (const [value] of text.matchAll(/ENC\[.*\]/g))
      assert.equal(parseEncryptedValue(value)?.iv.length, 32);
    const cipher = await ValueCipher.of((await people.open(text)).dataKey);
    const short = await cipher.encrypt(utf8("x"), "a:", "str", new Uint8Array(12).fill(7));
    const old = text.replace(/(?<=^a: ).*/, short);
    assert.equal(await decryptTheirs(old), "a: x\nb: t\n");
    assert.equal(await decryptOurs(old), "a: x\nb: t\n");
    const name = await written(old, "yaml");
    assert.equal((await stock.run(["set", name, '["b"]', '"z"'])).code, 2, "it crashes");
    await stock.write(name, await edited(old, "a: x\nb: z\n"));
    await stock.succeed(["set", name, '["b"]', '"w"']);
    assert.equal(await decryptOurs(await stock.read(name)), "a: x\nb: w\n");
  });

  table.proves("2", "nested lists, comments of the root and of a mapping", () =>
    both("# root\nl:\n    - a\n    - - b\n      - c: d\nm:\n    # inner\n    k: e\n"),
  );

  table.proves("3", "as values and items", async () => {
    const plain = 'a: ""\nb: null\nc: {}\nd: []\ne:\n    - ""\n    - null\n    - {}\n    - []\nf: x\n';
    await both(plain);
    assert.ok((await encryptOurs(plain)).startsWith(plain.slice(0, plain.indexOf("f:"))));
  });

  table.proves(["4", "5", "6", "7", "20"], "scalars in clear and encrypted", async () => {
    const values = `    a: true
    b: False
    c: 1e21
    d: 1.0e-7
    e: 9223372036854775807
    f: 0x1F
    g: 0777
    h: 08
    i: yes
    j: 2020-01-01
    k: 2001-12-14t21:59:43.10-05:00
    l: .inf
    m: 1_000
`;
    const expected = `    a: true
    b: false
    c: 1e+21
    d: 1e-07
    e: 9223372036854775807
    f: 31
    g: 511
    h: 8
    i: "yes"
    j: 2020-01-01T00:00:00Z
    k: 2001-12-14T21:59:43.1-05:00
    l: .inf
    m: 1000
`;
    const documents = (text: string) => `x_unencrypted:\n${text}x:\n${text}`;
    await both(documents(values), documents(expected));
  });

  table.proves("8", "bytes", () => both("a: !!binary /wD+\nb_unencrypted: !!binary gIGC\n"));

  table.proves("9", "numbers as keys of JSON and YAML", async () => {
    await both('{\n\t"10": "a",\n\t"2": "b",\n\t"x": "c",\n\t"1": "d"\n}\n', undefined, "json");
    await both('"10": a\n"2": b\nx: c\n"1": d\n');
  });

  table.proves("10", "a comment in a list", async () => {
    const plain = "l:\n    # note\n    - a\n    # other\n    - b\n";
    const theirs = await encryptTheirs(plain);
    assert.match(theirs, /- ENC.*type:comment\]/);
    assert.equal(await decryptOurs(theirs), plain);
    assert.equal(await decryptTheirs(theirs), plain);
    const ours = await encryptOurs(plain);
    assert.doesNotMatch(ours, /type:comment/);
    assert.equal(await decryptTheirs(ours), "l:\n    - a\n    - b\n");
  });

  table.proves("11", "a document without a rule, and a file that is neither YAML nor JSON", async () => {
    const plain = "a: x\nb_unencrypted: t\n";
    const text = await encryptTheirs(plain);
    const bare = text.replace(/ {4}unencrypted_suffix: .*\n/, "");
    assert.notEqual(bare, text);
    assert.equal(await decryptTheirs(bare), plain);
    assert.equal(await decryptOurs(bare), plain);
    const name = await written(Uint8Array.of(0, 0xff, 10), "bin");
    const binary = await stock.succeed(["--encrypt", "--age", recipient(), name]);
    const [data] = (await people.open(binary, "json")).documents[0]?.entries ?? [];
    assert.deepEqual(data, {
      kind: "entry",
      key: "data",
      value: { kind: "str", bytes: Uint8Array.of(0, 0xff, 10) },
    });
  });

  table.proves("12", "patterns that both select by", async () => {
    const plain = 'a:\n    user: x\n    b: t\nusers:\n    b: z\n"a:b": w\nB: v\n';
    for (const [pattern, encrypted] of [
      ["ser", 2],
      ["^a:b$", 1],
      ["a:user", 0],
      ["(?i)^b$", 3],
      ["[[:upper:]]", 1],
      ["\\x61", 3],
    ] as const) {
      const selection = { rule: "encrypted_regex", pattern } as const;
      const ours = await encryptOurs(plain, "yaml", { selection });
      const theirs = await encryptTheirs(plain, "yaml", "--encrypted-regex", pattern);
      for (const text of [ours, theirs]) {
        assert.equal(text.match(/: ENC\[/g)?.length, encrypted + 1, pattern);
        assert.equal(await decryptOurs(text), plain.replaceAll('"', ""), pattern);
      }
      assert.equal(await decryptTheirs(ours), plain.replaceAll('"', ""), pattern);
    }
  });

  table.proves("13", "the MAC of the stock tool, and a time in another spelling", async () => {
    const text = await encryptTheirs("a: x\n");
    const { dataKey, metadata } = await people.open(text);
    const cipher = await ValueCipher.of(dataKey);
    const mac = parseEncryptedValue(metadata.mac) ?? assert.fail();
    const stated = new TextDecoder().decode(
      (await cipher.decrypt(mac, metadata.lastModified)) ?? assert.fail(),
    );
    assert.match(stated, /^[0-9A-F]{128}$/);
    const other = text.replace(/(lastmodified: ".*)Z"/, '$1+00:00"');
    assert.notEqual(other, text);
    assert.equal(await decryptTheirs(other), "a: x\n");
    assert.equal(await decryptOurs(other), "a: x\n");
  });

  table.proves("14", "a time without quotes, versions of two parts, none, and of tomorrow", async () => {
    const text = await encryptOurs("a: x\n");
    assert.match(text, /lastmodified: "\d{4}-.*Z"\n/);
    const bad = [
      text.replace(/lastmodified: "(.*)"/, "lastmodified: $1"),
      text.replace(/version: .*/, 'version: "3.9"'),
      text.replace(/ {4}version: .*\n/, ""),
      text.replace(/ {4}lastmodified: .*\n/, ""),
    ];
    for (const tampered of bad) {
      assert.notEqual(tampered, text);
      const { code } = await stock.run(["decrypt", await written(tampered, "yaml")]);
      assert.equal(code, 1);
      await assert.rejects(people.open(tampered), { problem: "metadata" });
    }
    const future = text.replace(/version: .*/, "version: 4.1.0");
    assert.equal(await decryptTheirs(future), "a: x\n");
    assert.equal(await decryptOurs(future), "a: x\n");
  });

  table.proves("15", "a stream, with an empty document", async () => {
    await both("a: x\n---\nb: t\n---\n{}\n");
    for (const text of [await encryptTheirs("a: x\n---\nb: t\n"), await encryptOurs("a: x\n---\nb: t\n")])
      assert.equal(new Set(text.match(/^ {4}mac: .*/gm)).size, 1);
    assert.equal((await encryptOurs("a: x\n---\nb: t\n")).match(/^sops:/gm)?.length, 2);
  });

  table.proves("16", "aliases, a merge, in clear and encrypted", () =>
    both(
      "a: &x\n    p: u\nb: *x\nc:\n    <<: *x\n    q: v\nd_unencrypted:\n    <<: *x\n",
      "a:\n    p: u\nb:\n    p: u\nc:\n    !!merge <<:\n        p: u\n    q: v\nd_unencrypted:\n    !!merge <<:\n        p: u\n",
    ),
  );

  table.proves("17", "two of three, each pair of them", async () => {
    const groups = people.recipients.map((one) => [one]);
    const plain = "a: x\n";
    const ours = await encryptOurs(plain, "yaml", { groups, shamirThreshold: 2 });
    const rules = {
      shamir_threshold: 2,
      key_groups: people.recipients.map((one) => ({ age: [one.recipient] })),
    };
    await stock.write("groups.rules", JSON.stringify({ creation_rules: [rules] }));
    const name = await written(plain, "yaml");
    const theirs = await stock.succeed(["--config", "groups.rules", "encrypt", name]);
    const identities = people.keyText.split("\n");
    for (const text of [ours, theirs]) {
      assert.equal(await decryptOurs(text), plain);
      const file = await written(text, "yaml");
      for (const missing of identities) {
        const others = identities.filter((identity) => identity !== missing).join("\n");
        assert.equal(await stock.succeed(["decrypt", file], { SOPS_AGE_KEY: others }), plain);
        assert.equal((await stock.run(["decrypt", file], { SOPS_AGE_KEY: missing })).code, 128);
      }
    }
  });

  table.proves("18", "a word", async () => {
    const text = (await encryptTheirs("a: x\n")).replace("type:str", "type:int");
    assert.equal((await stock.run(["decrypt", await written(text, "yaml")])).code, 25);
    await assert.rejects(people.open(text), { problem: "wrong-type" });
  });

  table.proves("19", "in clear", () =>
    both(
      '{"a_unencrypted": 1.0, "b_unencrypted": -0, "c_unencrypted": 9223372036854775808, "d": 1.0, "e": -0}',
      '{\n\t"a_unencrypted": 1,\n\t"b_unencrypted": 0,\n\t"c_unencrypted": 9223372036854776000,\n\t"d": 1,\n\t"e": 0\n}\n',
      "json",
    ),
  );

  table.proves("21", "a letter behind the bracket", async () => {
    const text = (await encryptTheirs("a: x\n")).replace("type:str]", "type:str]z");
    assert.equal(await decryptTheirs(text), "a: x\n");
    await assert.rejects(people.open(text), { problem: "malformed-value" });
  });

  table.proves("22", "a number, a truth value, a text", async () => {
    const text = await encryptTheirs("a: x\nb: null\n");
    for (const [by, code] of [
      ["1", 25],
      ["true", 25],
      ["word", 25],
      ['""', 0],
    ] as const) {
      const tampered = text.replace("b: null", `b: ${by}`);
      assert.equal((await stock.run(["decrypt", await written(tampered, "yaml")])).code, code, by);
      if (code === 0) assert.equal(await decryptOurs(tampered), 'a: x\nb: ""\n');
      else await assert.rejects(people.open(tampered), { problem: "not-encrypted" }, by);
    }
  });

  table.proves("23", "after an edit of ours", async () => {
    for (const format of ["yaml", "json"] as const) {
      const plain = format === "yaml" ? "a: x\n" : '{"a": "x"}';
      const text = await encryptTheirs(plain, format);
      const changed = await edited(text, plain.replace("x", "y"), format);
      const armor = (from: string) =>
        /-----BEGIN[\s\S]*?END AGE ENCRYPTED FILE-----(?:\\n|\n)/.exec(from)?.[0];
      assert.ok(armor(text));
      assert.equal(armor(changed), armor(text));
      assert.match(await decryptTheirs(changed, format), /y/);
    }
  });

  table.proves(["24", "25"], "entries of four services that we do not have", async () => {
    const lists = `    azure_kv:
        - created_at: "2026-01-01T00:00:00Z"
          enc: AAAA-_
          name: key
          vault_url: https://v.vault.azure.net
          version: "1"
    gcp_kms:
        - created_at: "2026-01-01T00:00:00Z"
          enc: AAAA
          resource_id: projects/p/locations/global/keyRings/r/cryptoKeys/k
    hckms:
        - created_at: "2026-01-01T00:00:00Z"
          enc: AAAA
          key_id: region:7f9d6f6a-5d0e-4d1c-9c4d-0a2b3c4d5e6f
`;
    const pgp = `    pgp:
        - created_at: "2026-01-01T00:00:00Z"
          enc: |-
            -----BEGIN PGP MESSAGE-----

            AAAA
            -----END PGP MESSAGE-----
          fp: FBC7B9E2A4F9289AC0C1D4843D16CEE4A27381B4
`;
    const plain = "a: x\n";
    const text = (await encryptTheirs(plain)).replace(/^( {4}mac: .*\n)/m, `${lists}$1${pgp}`);
    const changed = await edited(text, "a: t\n");
    assert.ok(changed.includes(pgp));
    for (const part of lists.split(/(?= {4}\w+:\n)/)) assert.ok(changed.includes(part), part);
    const name = await written(changed, "yaml");
    assert.equal(await stock.succeed(["decrypt", name]), "a: t\n");
    await stock.succeed(["set", name, '["a"]', '"z"']);
    const back = await stock.read(name);
    const found = (await people.open(back)).metadata.groups.flat();
    assert.deepEqual(found.flatMap((entry) => (entry.type === "other" ? entry.list : [])).toSorted(), [
      "azure_kv",
      "gcp_kms",
      "hckms",
      "pgp",
    ]);
    const opened = await people.open(text);
    const options = { wrapper: people.wrapper, now: new Date(), signal };
    await assert.rejects(rotateSopsDocuments(opened, opened.documents, options), {
      problem: "not-rewrappable",
      message: /(?=.*azure_kv)(?=.*gcp_kms)(?=.*hckms)(?=.*pgp)/,
    });
  });

  table.proves("comments", "each kind of them", async () => {
    const plain =
      "# first\n\n# second\na: x # behind\nm: # at a mapping\n    # inner\n    b: t\n    # last\nl:\n    # item\n    - z # at it\n    - c: v # deep\n# end\n";
    const selection = { rule: "encrypted_regex", pattern: "^nothing$" } as const;
    const theirs = await encryptTheirs(plain, "yaml", "--encrypted-regex", "^nothing$");
    const ours = await encryptOurs(plain, "yaml", { selection });
    const clear = await decryptTheirs(theirs);
    for (const text of [theirs, ours]) {
      assert.equal(await decryptOurs(text), clear);
      assert.equal(await decryptTheirs(text), clear);
    }
    const sealed = await encryptTheirs(plain);
    assert.doesNotMatch(sealed, / (?:first|behind|inner|last|item|deep)$/m);
    // What it had encrypted of what stands behind a value, the stock tool puts above it.
    const above = (line: string) => line.replace(/^( *)(.*\S) (#.*)$/, "$1$3\n$1$2");
    const kept = await decryptOurs(sealed);
    // An item of its own cannot stand behind another.
    assert.equal(kept, clear.replace("    - z # at it", "    # at it\n    - z"));
    assert.equal(kept.split("\n").map(above).join("\n"), await decryptTheirs(sealed));
  });

  table.proves("odd streams", "what the stock tool lets pass in part", async () => {
    const odd: [text: string, format: SopsFormat, code: number][] = [
      ["a: 1\na: 2\n", "yaml", 2],
      ["a: 1\n---\nb: 1\nb: 2\n", "yaml", 0],
      ["1: a\n", "yaml", 23],
      ["true: a\n", "yaml", 23],
      ["~: a\n", "yaml", 23],
      ["- a\n", "yaml", 2],
      ["just text\n", "yaml", 2],
      ["", "yaml", 92],
      ["# only\n", "yaml", 2],
      ["[1]", "json", 2],
      ['{"a": 1} x', "json", 0],
      ['{"a": 1, "a": 2}', "json", 0],
    ];
    for (const [text, format, code] of odd) {
      const name = await written(text, format);
      assert.equal((await stock.run(["--encrypt", "--age", recipient(), name])).code, code, text);
      assert.throws(() => readSopsTree(text, format, "odd"), { code: "input" }, text);
    }
  });

  table.proves("reserved key", "in the first document and in another", async () => {
    for (const [text, code] of [
      ["a: x\nsops: y\n", 203],
      ["a: x\n---\nsops: y\n", 4],
    ] as const) {
      const name = await written(text, "yaml");
      assert.equal((await stock.run(["--encrypt", "--age", recipient(), name])).code, code);
      await assert.rejects(encryptOurs(text), { problem: "reserved" });
    }
  });

  table.everyRowHasATest();
});

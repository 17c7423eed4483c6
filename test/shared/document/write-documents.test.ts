import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { load as loadJsYaml, YAML11_SCHEMA } from "js-yaml";
import { parse as parseYaml } from "yaml";
import { readDocuments } from "../../../shared/document/read-documents.ts";
import { toYaml } from "../../../shared/document/to-yaml.ts";
import { writeDocuments } from "../../../shared/document/write-documents.ts";

const sealed = {
  kind: "SealedSecret",
  apiVersion: "bitnami.com/v1alpha1",
  metadata: { name: "db", annotations: { b: "1", a: "<x> & \u2028" } },
  spec: {
    template: { metadata: { labels: { "9": "nine", "10": "ten", a2: "two", a10: "ten", B: "b" } } },
    encryptedData: { "2": "AgB=", "10": "AgC=", "1": "AgD=" },
  },
};

suite("JSON", () => {
  test("has two spaces of indentation, sorted maps, fields as built, and Go's escapes", () => {
    assert.equal(
      writeDocuments([sealed], "json"),
      `{
  "kind": "SealedSecret",
  "apiVersion": "bitnami.com/v1alpha1",
  "metadata": {
    "name": "db",
    "annotations": {
      "a": "\\u003cx\\u003e \\u0026 \\u2028",
      "b": "1"
    }
  },
  "spec": {
    "template": {
      "metadata": {
        "labels": {
          "10": "ten",
          "9": "nine",
          "B": "b",
          "a10": "ten",
          "a2": "two"
        }
      }
    },
    "encryptedData": {
      "1": "AgD=",
      "10": "AgC=",
      "2": "AgB="
    }
  }
}
`,
    );
  });
  test("writes half a character as the mark of a damaged one", () => {
    assert.equal(writeDocuments([{ a: "x\ud800" }], "json"), '{\n  "a": "x\ufffd"\n}\n');
    assert.equal(writeDocuments([{ a: "x\ud800" }], "yaml"), '---\na: "x\ufffd"\n');
  });
  test("puts objects one after another", () => {
    assert.equal(writeDocuments([{ a: 1 }, { b: [] }, {}], "json"), '{\n  "a": 1\n}\n{\n  "b": []\n}\n{}\n');
  });
});

suite("YAML", () => {
  test("has keys in natural order, lists at their key's level, and a marker before each object", () => {
    assert.equal(
      writeDocuments([sealed, { list: ["x", { b: "y", a: ["z"] }, [], {}], empty: {} }], "yaml"),
      `---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  annotations:
    a: "<x> & \\L"
    b: "1"
  name: db
spec:
  encryptedData:
    "1": AgD=
    "2": AgB=
    "10": AgC=
  template:
    metadata:
      labels:
        "9": nine
        "10": ten
        B: b
        a2: two
        a10: ten
---
empty: {}
list:
- x
- a:
  - z
  b: "y"
- []
- {}
`,
    );
  });

  const scalars: readonly [string, string][] = [
    ["plain", "plain"],
    ["a: b", "'a: b'"],
    ["a:b", "a:b"],
    ["a #b", "'a #b'"],
    ["it's", "it's"],
    ["- x", "'- x'"],
    ["-x", "-x"],
    ["&x: it's", "'&x: it''s'"],
    [" x", "' x'"],
    ["true", '"true"'],
    ["y", '"y"'],
    ["012", '"012"'],
    ["1e3", '"1e3"'],
    ["1_000", '"1_000"'],
    ["1:30", '"1:30"'],
    ["2020-01-01", '"2020-01-01"'],
    ["~", '"~"'],
    ["", '""'],
    ["---", "'---'"],
    ["a\tb", '"a\\tb"'],
    ["😀", '"\\U0001F600"'],
    ["\u0000\u007f\u0085", '"\\0\\x7F\\N"'],
    ["one\ntwo\n", "|\n  one\n  two"],
    ["one\ntwo", "|-\n  one\n  two"],
    ["one\n\n", "|+\n  one\n"],
    [" one\ntwo", "|2-\n   one\n  two"],
    ["one \ntwo", '"one \\ntwo"'],
  ];
  for (const [text, written] of scalars) {
    test(`${JSON.stringify(text)} is written ${JSON.stringify(written)}`, () => {
      assert.equal(toYaml({ k: text }), `k: ${written}\n`);
    });
  }

  test("long texts are broken at a space beyond 80 columns", () => {
    const words = "word ".repeat(20).trim();
    assert.equal(toYaml({ k: words }), `k: ${"word ".repeat(16).trim()}\n  ${"word ".repeat(4).trim()}\n`);
    assert.equal(toYaml({ k: "x".repeat(200) }), `k: ${"x".repeat(200)}\n`);
  });

  // Strings made of what YAML gives a meaning to, so that chance meets the corners.
  const pieces = [
    "a",
    "1",
    "0x",
    " ",
    "  ",
    "\n",
    "\t",
    ":",
    "#",
    "-",
    "---",
    "'",
    '"',
    "\\",
    "y",
    "é",
    "😀",
    "\u2028",
    "\r",
    "\u0000",
    "<<",
    "{",
    "]",
    "word and ",
    "&",
    "*",
    "!",
    "|",
    ">",
    "%",
    "@",
    "~",
    ".",
    ",",
  ];
  const text = fc.oneof(
    fc.array(fc.constantFrom(...pieces), { maxLength: 60 }).map((parts) => parts.join("")),
    fc.string({ unit: "grapheme", maxLength: 120 }),
  );
  const leaf = fc.oneof(text, fc.boolean(), fc.integer(), fc.constant(null));
  const tree = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(tie("node"), { maxLength: 4 }),
      fc.dictionary(text, tie("node"), { maxKeys: 4 }),
    ),
  })).node;

  test("what is written reads back equal, in our reader and in two others", () => {
    fc.assert(
      fc.property(fc.dictionary(text, tree, { maxKeys: 4 }), (object) => {
        const plain = JSON.parse(JSON.stringify(object)) as object;
        const yaml = writeDocuments([plain], "yaml");
        assert.deepEqual(readDocuments(yaml, "x")[0]?.value, plain);
        assert.deepEqual(parseYaml(yaml), plain);
        assert.deepEqual(parseYaml(yaml, { version: "1.1" }), plain);
        assert.deepEqual(loadJsYaml(yaml, { schema: YAML11_SCHEMA }), plain);
      }),
      { numRuns: 2000 },
    );
  });

  test("JSON reads back equal", () => {
    fc.assert(
      fc.property(fc.dictionary(text, tree, { maxKeys: 4 }), (object) => {
        const plain = JSON.parse(JSON.stringify(object)) as object;
        const json = writeDocuments([plain], "json");
        assert.deepEqual(JSON.parse(json), plain);
        assert.deepEqual(readDocuments(json, "x")[0]?.value, plain);
      }),
      { numRuns: 1000 },
    );
  });
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type DocumentFile, readDocumentFile } from "../../../shared/document/document-file.ts";
import { readDocuments } from "../../../shared/document/read-documents.ts";
import { InputError } from "../../../shared/errors.ts";
import { remove, set } from "../../support/edit-notation.ts";
import { layout, rootMap, toLaidOutJson, toLaidOutYaml } from "../../support/laid-out-document.ts";

function fileOf(text: string): DocumentFile {
  return readDocumentFile(Buffer.from(text), "in");
}

function contentOf(file: DocumentFile): string {
  return Buffer.from(file.toBytes()).toString();
}

function refusal(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  }
  assert.fail("was accepted");
}

const mixture = `# top
---
# first
a: 1  # one
b: {c: x}
---
# nothing here
---
{"a": 1}{"a": 2}

  {
    "a": 3
  }
---
a: |
  text
...
# after dots
a: 5
...
---
kind: List
items:
- kind: X
  a: 6
- a: 7 # seven
`;

suite("documents of a file", () => {
  const streams: readonly [string, string][] = [
    ["a mixture", mixture],
    ["one document", "a: 1\n"],
    ["no final line break", "---\na: 1\n---\nb: 2"],
    ["a List", "kind: SealedSecretList\nitems: [{a: 1}, {a: 2}]\n"],
    ["an empty List", "kind: List\nitems: []\n"],
    ["nothing", ""],
    ["comments only", "# a\n---\n# b\n"],
    ["CR LF", "a: 1\r\n---\r\nb: 2\r\n"],
    ["dots without a marker after them", "a: 1\n...\nb: 2\n"],
  ];
  for (const [name, text] of streams) {
    test(`have the values and names that readDocuments gives: ${name}`, () => {
      const documents = fileOf(text).documents.map(({ value, where }) => ({ value, where }));
      assert.deepEqual(documents, readDocuments(text, "in"));
    });
    test(`are given back as they are: ${name}`, () => assert.equal(contentOf(fileOf(text)), text));
  }

  test("stand where their ranges say", () => {
    const file = fileOf(mixture);
    assert.deepEqual(
      file.documents.map(({ start, end, format, list }) => [file.text.slice(start, end), format, list]),
      [
        ["# top\n---\n# first\na: 1  # one\nb: {c: x}\n", "yaml", undefined],
        ['{"a": 1}', "json", undefined],
        ['{"a": 2}', "json", undefined],
        ['{\n    "a": 3\n  }', "json", undefined],
        ["---\na: |\n  text\n...\n", "yaml", undefined],
        ["# after dots\na: 5\n...\n", "yaml", undefined],
        [mixture.slice(mixture.indexOf("---\nkind: List")), "yaml", 0],
        [mixture.slice(mixture.indexOf("---\nkind: List")), "yaml", 1],
      ],
    );
  });

  test("are JSON as a whole only when all of them are", () => {
    assert.equal(fileOf('{"a": 1}\n---\n{"a": 2}').format, "json");
    assert.equal(fileOf(mixture).format, "yaml");
    assert.equal(fileOf("{a: 1}").format, "yaml");
    assert.equal(fileOf("").format, "yaml");
  });

  for (const [name, text] of [
    ["an open quote", "a: 1\n---\nb: 'canary\n"],
    ["a key twice", '{"a": "canary", "a": 1}'],
    ["items that are no list", "kind: List\nitems: canary\n"],
  ] as const) {
    test(`are refused as readDocuments does: ${name}`, () => {
      assert.equal(
        refusal(() => fileOf(text)),
        refusal(() => readDocuments(text, "in")),
      );
    });
  }
});

suite("edits", () => {
  test("change each document and nothing else, in any order", () => {
    const file = fileOf(mixture);
    for (const index of [6, 0, 3, 5, 7, 1, 4, 2]) file.edit(index, [set("a", `n-${index}`)]);
    assert.equal(
      contentOf(file),
      mixture
        .replace("a: 1  #", "a: n-0  #")
        .replace('{"a": 1}{"a": 2}', '{"a": "n-1"}{"a": "n-2"}')
        .replace('"a": 3', '"a": "n-3"')
        .replace("a: |\n  text", "a: n-4")
        .replace("a: 5", "a: n-5")
        .replace("a: 6", "a: n-6")
        .replace("a: 7 #", "a: n-7 #"),
    );
    assert.deepEqual(
      file.documents.map(({ value, where }) => ({ value, where })),
      readDocuments(contentOf(file), "in"),
    );
    for (const { start, end, value, list } of file.documents) {
      if (list === undefined)
        assert.deepEqual(readDocuments(file.text.slice(start, end), "in")[0]?.value, value);
    }
  });

  test("that fail leave the file as it was and name the line in it", () => {
    const file = fileOf("a: 1\n---\nb: &b canary\nc: *b\n");
    const message = refusal(() => file.edit(1, [set("b", "p")]));
    assert.match(message, /^in, document 2: line 3 cannot be edited in place: anchors/);
    assert.equal(contentOf(file), "a: 1\n---\nb: &b canary\nc: *b\n");
    assert.deepEqual(file.documents[1]?.value, { b: "canary", c: "canary" });
  });

  test("take an entry away from an item of a List in JSON", () => {
    const file = fileOf('{"kind": "List", "items": [{"a": 1}, {"a": 2, "b": 3}]}\n');
    file.edit(1, [remove("a"), set("c/d", "v")]);
    assert.equal(contentOf(file), '{"kind": "List", "items": [{"a": 1}, {"b": 3, "c": {"d": "v"}}]}\n');
    assert.deepEqual(file.documents[1]?.value, { b: 3, c: { d: "v" } });
  });

  test("in random streams touch one document", () => {
    const document = fc.oneof(
      fc
        .tuple(rootMap, layout)
        .map(([root, style]) =>
          toLaidOutYaml(root, { ...style, lineBreak: "\n", endsWithBreak: true, marker: "---\n" }),
        ),
      rootMap.map((root) => `---\n${toLaidOutJson(root, "  ")}\n`),
    );
    fc.assert(
      fc.property(
        fc.array(document, { minLength: 1, maxLength: 5 }),
        fc.nat({ max: 4 }),
        (documents, choice) => {
          const index = choice % documents.length;
          const file = fileOf(documents.join(""));
          file.edit(index, [set("fresh/k", "v")]);
          const [alone] = [fileOf(documents[index] ?? "")];
          alone?.edit(0, [set("fresh/k", "v")]);
          assert.equal(contentOf(file), documents.with(index, contentOf(alone ?? file)).join(""));
        },
      ),
      { numRuns: 50 },
    );
  });
});

suite("encodings", () => {
  const text = "a: hé✓😀\r\nb: x # ü\r\n";
  const after = "a: hé✓😀\r\nb: p # ü\r\nc: ✓\r\n";
  const littleEndian = (content: string) => Buffer.from(`\ufeff${content}`, "utf16le");
  const encodings: readonly [string, (content: string) => Buffer][] = [
    ["UTF-8", (content) => Buffer.from(content)],
    ["UTF-8 with a byte order mark", (content) => Buffer.from(`\ufeff${content}`)],
    ["UTF-8 with two of them", (content) => Buffer.from(`\ufeff\ufeff${content}`)],
    ["UTF-16 little endian", littleEndian],
    ["UTF-16 big endian", (content) => littleEndian(content).swap16()],
  ];
  for (const [name, encode] of encodings) {
    test(`${name} comes back`, () => {
      const file = readDocumentFile(encode(text), "in");
      assert.deepEqual(Buffer.from(file.toBytes()), encode(text));
      file.edit(0, [set("b", "p"), set("c", "✓")]);
      assert.deepEqual(Buffer.from(file.toBytes()), encode(after));
    });
  }
});

suite("replacing a document", () => {
  const object = { kind: "SealedSecret", spec: { encryptedData: { a: "AgA" } } };
  const yaml = "kind: SealedSecret\nspec:\n  encryptedData:\n    a: AgA\n";
  const cases: readonly [string, string, number, string][] = [
    [
      "keeps marker and comments around it",
      "# top\n---\n# of a\na: 1 # x\nb: 2\n# after\n---\nc: 3\n",
      0,
      `# top\n---\n# of a\n${yaml}# after\n---\nc: 3\n`,
    ],
    [
      "of the last without a final line break",
      "---\na: 1\n---\nb: 2",
      1,
      `---\na: 1\n---\n${yaml.trimEnd()}`,
    ],
    ["that begins on the marker's line", "--- {a: 1}\n---\nb: 2\n", 0, `---\n${yaml}---\nb: 2\n`],
    ["ended by dots", "a: |\n  x\n...\nb: 2\n", 0, `${yaml}...\nb: 2\n`],
    ["in JSON", '{"a": 1}\n{"b": 2}', 0, `${JSON.stringify(object, null, 2)}\n{"b": 2}`],
    [
      "with the file's line ends",
      "a: 1\r\n---\r\nb: 2\r\n",
      1,
      `a: 1\r\n---\r\n${yaml.replaceAll("\n", "\r\n")}`,
    ],
  ];
  for (const [name, before, index, after] of cases) {
    test(name, () => {
      const file = fileOf(before);
      file.replace(index, object);
      assert.equal(contentOf(file), after);
      assert.deepEqual(file.documents[index]?.value, object);
    });
  }

  test("by a text with a marker of its own, which is not repeated", () => {
    const file = fileOf("a: 1\n---\nb: 2\n");
    file.replace(1, "---\nc: 3\n");
    assert.equal(contentOf(file), "a: 1\n---\nc: 3\n");
  });
  test("by a text that is not one document is refused", () => {
    for (const text of ["a: 1\n---\nb: 2\n", "# canary\n", "a: 'canary"]) {
      const file = fileOf("a: 1\n");
      assert.ok(!refusal(() => file.replace(0, text)).includes("canary"));
      assert.equal(contentOf(file), "a: 1\n");
    }
  });
  const items: readonly [string, string, string][] = [
    [
      "block style",
      "kind: List\nitems:\n  # one\n  - kind: Secret # s\n    a: |\n      x\n  # two\n  - b: 2\n",
      `kind: List\nitems:\n  # one\n  - ${yaml.trimEnd().replaceAll("\n", "\n    ")}\n  # two\n  - b: 2\n`,
    ],
    [
      "flow style",
      "items: [{a: 1}, {b: 2}]\nkind: List\n",
      `items: [${JSON.stringify(object)}, {b: 2}]\nkind: List\n`,
    ],
    [
      "JSON",
      JSON.stringify({ kind: "List", items: [{ a: 1 }, { b: 2 }] }, null, 2),
      JSON.stringify({ kind: "List", items: [object, { b: 2 }] }, null, 2),
    ],
    [
      "JSON on one line",
      '{"kind":"List","items":[{"a":1},{"b":2}]}',
      `{"kind":"List","items":[${JSON.stringify(object)},{"b":2}]}`,
    ],
    [
      "a file with Windows line ends",
      "kind: List\r\nitems:\r\n- a: 1\r\n- b: 2\r\n",
      `kind: List\r\nitems:\r\n- ${yaml.trimEnd().replaceAll("\n", "\r\n  ")}\r\n- b: 2\r\n`,
    ],
  ];
  for (const [name, before, after] of items) {
    test(`that is an item of a List: ${name}`, () => {
      const file = fileOf(before);
      file.replace(0, object);
      assert.equal(contentOf(file), after);
      assert.deepEqual(
        file.documents.map(({ value }) => value),
        [object, { b: 2 }],
      );
    });
  }
  test("with carriage returns alone is refused", () => {
    const file = fileOf("a: 1\n---\nb: canary\r");
    assert.match(
      refusal(() => file.replace(1, object)),
      /^in, document 2 cannot be replaced in place/,
    );
  });
  test("by a text that takes in the next document is refused when the whole is written", () => {
    const file = fileOf('{"a": 1}\n{"b": 2}\n');
    file.replace(0, "|");
    assert.equal(
      refusal(() => file.toBytes()),
      "in cannot be changed in place: its documents would run into each other",
    );
  });
  test("that is an item of another list, or that an alias repeats, is refused", () => {
    for (const text of [
      "kind: SecretList\nitems:\n- a: 1\n",
      "kind: List\nitems:\n- &x {a: canary}\n- *x\n",
    ]) {
      const file = fileOf(text);
      assert.match(
        refusal(() => file.replace(0, object)),
        /^in, item 1 cannot be replaced in place/,
      );
      assert.equal(contentOf(file), text);
    }
  });
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { utf8 } from "../../../../shared/bytes.ts";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import type { SopsComment, SopsMap, SopsNode, SopsScalar } from "../../../../shared/document/sops/tree.ts";
import { writeSopsTree } from "../../../../shared/document/sops/write-tree.ts";

function rewritten(text: string): string {
  return writeSopsTree(readSopsTree(text, "yaml", "in"), "yaml");
}

const longKey = "k".repeat(129);

/** What stock sops 3.13.3 makes of a document whose values it leaves in clear, without its metadata. */
const layouts: readonly [string, string, string][] = [
  [
    "four spaces, lists indented",
    "a:\n  b:\n  - c\n  - d: 1\n    e: 2\n",
    "a:\n    b:\n        - c\n        - d: 1\n          e: 2\n",
  ],
  [
    "lists in lists",
    "c: [[1,[2,{x: [z]}]],[],{}]\n",
    "c:\n    - - 1\n      - - 2\n        - x:\n            - z\n    - []\n    - {}\n",
  ],
  [
    "mappings in an item stand at the next multiple",
    "l:\n- a:\n    b: 1\n  c: |\n    x\n",
    "l:\n    - a:\n        b: 1\n      c: |\n        x\n",
  ],
  [
    "words that would be something else",
    'a: ["y", "no", "true", "null", "~", "", "<<", "1:30", "0777", "1e3", "1_0", ".5", "2020-01-01"]\n',
    'a:\n    - "y"\n    - "no"\n    - "true"\n    - "null"\n    - "~"\n    - ""\n    - "<<"\n    - "1:30"\n    - "0777"\n    - "1e3"\n    - "1_0"\n    - ".5"\n    - "2020-01-01"\n',
  ],
  [
    "keys that would be something else",
    '"y": 1\n"1": 2\n"": 3\n"a: b": 4\n"#": 5\n',
    '"y": 1\n"1": 2\n"": 3\n\'a: b\': 4\n\'#\': 5\n',
  ],
  [
    "words that stay plain",
    "a: [0o8, =, x#y, :x, -x, '?x', é]\n",
    "a:\n    - 0o8\n    - =\n    - x#y\n    - :x\n    - -x\n    - ?x\n    - é\n",
  ],
  [
    "single quotes",
    `a: ["a: b", "x #y", "- x", "-", "? x", "#x", " x", "x ", "x:", "*x", "---", "it's #1: x"]\n`,
    "a:\n    - 'a: b'\n    - 'x #y'\n    - '- x'\n    - '-'\n    - '? x'\n    - '#x'\n    - ' x'\n    - 'x '\n    - 'x:'\n    - '*x'\n    - '---'\n    - 'it''s #1: x'\n",
  ],
  [
    "double quotes",
    'a: "tab\\there"\nb: "😀"\nc: "x \\n"\nd: "a\\rb\\nc"\ne: "\\x85\\uFEFF"\n',
    'a: "tab\\there"\nb: "\\U0001F600"\nc: "x \\n"\nd: "a\\rb\\nc"\ne: "\\N\\uFEFF"\n',
  ],
  [
    "literal blocks",
    'a: "x\\ny"\nb: "x\\ny\\n"\nc: "x\\n\\n"\nd: "  x\\ny"\ne: "\\n"\nf: "x\\ty\\n z\\n"\n',
    "a: |-\n    x\n    y\nb: |\n    x\n    y\nc: |+\n    x\n\nd: |4-\n      x\n    y\ne: |4+\n\nf: |\n    x\ty\n     z\n",
  ],
  [
    "numbers",
    "a: [1_000, 0x1F, 1e5, 1e6, 123456789.5, 0.0001, 0.00001, 1e21, -0.0, .inf, -.INF, .NaN]\n",
    "a:\n    - 1000\n    - 31\n    - 100000\n    - 1e+06\n    - 1.234567895e+08\n    - 0.0001\n    - 1e-05\n    - 1e+21\n    - -0\n    - .inf\n    - -.inf\n    - .nan\n",
  ],
  [
    "null, truth values and times",
    "a: [~, True, 2020-1-1, 2001-12-14t21:59:43.10-05:00]\n",
    "a:\n    - null\n    - true\n    - 2020-01-01T00:00:00Z\n    - 2001-12-14T21:59:43.1-05:00\n",
  ],
  [
    "bytes that are no text",
    `a: !!binary gIGC\nb: [!!binary ${"/".repeat(106)}8=]\n`,
    `a: !!binary gIGC\nb:\n    - !!binary |\n      ${"/".repeat(70)}\n      ${"/".repeat(36)}8=\n`,
  ],
  [
    "aliases and merge keys",
    "a: &x {p: 1}\nb: *x\nc:\n  <<: *x\n  q: 2\n",
    "a:\n    p: 1\nb:\n    p: 1\nc:\n    !!merge <<:\n        p: 1\n    q: 2\n",
  ],
  [
    "long keys",
    `${longKey}: 1\n${longKey}b: {a: 1}\nd:\n  ${longKey}: [x]\n`,
    `? ${longKey}\n: 1\n? ${longKey}b\n:   a: 1\nd:\n    ? ${longKey}\n    :   - x\n`,
  ],
  [
    "several documents",
    "# h\n---\na: 1\n# f\n---\n# g\nb: 2\n---\n",
    "# h\na: 1\n# f\n---\n# g\nb: 2\n---\n{}\n",
  ],
  [
    "comments",
    "# t\n\na: 1 # i\nm: # n\n  # x\n  x: 1\n  # y\n# z\nl:\n# o\n- p # q\n# r\n- - s\n",
    "# t\na: 1 # i\n# n\nm:\n    # x\n    x: 1\n    # y\n# z\nl:\n    # o\n    - p # q\n    # r\n    - - s\n",
  ],
  [
    "comments in items",
    "a:\n  -\n    # c\n    x: 1\n  - # d\n    z: 1 # e\n    # f\n",
    "a:\n    # c\n    - x: 1\n    # d\n    - z: 1 # e\n      # f\n",
  ],
  [
    "comments behind headers of blocks",
    "a: | # n\n  x\n  y\nb: >- # o\n  z\n",
    "a: | # n\n    x\n    y\nb: z # o\n",
  ],
];

suite("documents are laid out as stock sops does", () => {
  for (const [name, source, expected] of layouts) test(name, () => assert.equal(rewritten(source), expected));

  test("other indentations", () => {
    const [document] = readSopsTree("a:\n- b: {c: |-\n  x}\n".replace("|-\n  x", "x"), "yaml", "in");
    assert.ok(document !== undefined);
    assert.equal(writeSopsTree([document], "yaml", { indent: 2 }), "a:\n  - b:\n      c: x\n");
    assert.equal(
      writeSopsTree([document], "json", { indent: 2 }),
      '{\n  "a": [\n    {\n      "b": {\n        "c": "x"\n      }\n    }\n  ]\n}\n',
    );
  });
});

suite("where stock sops writes what it cannot read", () => {
  const cases: readonly [string, string, string][] = [
    ["leading spaces in a list", 'l: ["  x\\ny"]\n', "l:\n    - |2-\n        x\n      y\n"],
    ["a leading tab", 'a: "\\tx\\ny"\n', "a: |4-\n    \tx\n    y\n"],
    ["a comment behind an empty collection", "a: {} # c\n", "# c\na: {}\n"],
    ["line separators", 'a: "x\\L y"\n', 'a: "x\\L y"\n'],
  ];
  for (const [name, source, expected] of cases) {
    test(name, () => {
      assert.equal(rewritten(source), expected);
      assert.equal(rewritten(expected), expected);
    });
  }
});

function map(...entries: SopsMap["entries"]): SopsMap {
  return { kind: "map", entries };
}

function comment(text: string): SopsComment {
  return { kind: "comment", text };
}

suite("comments cannot become content", () => {
  for (const lineBreak of ["\n", "\r", "\u0085", "\u2028", "\u2029"]) {
    test(`a line break ${JSON.stringify(lineBreak)} in a comment`, () => {
      const value: SopsNode = { kind: "null" };
      const text = writeSopsTree(
        [map(comment(` a${lineBreak}b: 1`), { kind: "entry", key: "c", value })],
        "yaml",
      );
      assert.equal(text, "# a\n#b: 1\nc: null\n");
      const inline: SopsComment = { ...comment(`a${lineBreak}b: 1`), isInline: true };
      const behind = writeSopsTree([map(inline, { kind: "entry", key: "c", value })], "yaml");
      assert.equal(behind, "c: null #a #b: 1\n");
    });
  }

  test("control characters are replaced", () => {
    assert.equal(writeSopsTree([map(comment("a\u0007\ud800"))], "yaml"), "#a\ufffd\ufffd\n{}\n");
  });
});

suite("JSON", () => {
  test("as stock sops writes it", () => {
    const [document] = readSopsTree(
      '{"a":1e20,"b":1e21,"c":1e-7,"d":-0.0,"e":"<&>\\u2028\\u0001\\b\\u007f\\"é","f":[],"g":{},"h":[{"x":[1]}],"i":9223372036854775807,"j":null,"k":true}',
      "json",
      "in",
    );
    assert.ok(document !== undefined);
    assert.equal(
      writeSopsTree([document], "json"),
      '{\n\t"a": 100000000000000000000,\n\t"b": 1e+21,\n\t"c": 1e-7,\n\t"d": -0,\n\t"e": "\\u003c\\u0026\\u003e\\u2028\\u0001\\b\u007f\\"é",\n\t"f": [],\n\t"g": {},\n\t"h": [\n\t\t{\n\t\t\t"x": [\n\t\t\t\t1\n\t\t\t]\n\t\t}\n\t],\n\t"i": 9223372036854775807,\n\t"j": null,\n\t"k": true\n}\n',
    );
  });

  test("comments are left out, times and bytes are text", () => {
    const [document] = readSopsTree("# a\nt: 2020-01-01 # b\nl:\n# c\n- !!binary gGE=\n", "yaml", "in");
    assert.ok(document !== undefined);
    assert.equal(
      writeSopsTree([document], "json", { indent: 0 }),
      '{\n"t": "2020-01-01T00:00:00Z",\n"l": [\n"\ufffda"\n]\n}\n',
    );
  });

  test("what it cannot hold is refused", () => {
    const infinite = map({
      kind: "entry",
      key: "a",
      value: { kind: "float", value: Number.POSITIVE_INFINITY },
    });
    assert.throws(() => writeSopsTree([infinite], "json"), TypeError);
    assert.throws(() => writeSopsTree([map(), map()], "json"), TypeError);
    assert.throws(() => writeSopsTree([], "json"), TypeError);
  });
});

/** Pieces that YAML, JSON or Go read in ways of their own. */
const oddText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ..."\n \t:#-'\"\\{}[],&*!|>%@`?~=+_.01<>éy\r\0\u0085\u2028\u00a0\ufeff\u001b\u007f\uffff\u200b",
      ),
      fc.constantFrom(
        "a",
        ": ",
        " #",
        "- ",
        "\n\n",
        "  ",
        "😀",
        "null",
        "true",
        "<<",
        "---",
        "...",
        "0x",
        "e3",
        "2020-01-01",
        "1:30",
      ),
    ),
    { maxLength: 6 },
  )
  .map((pieces) => pieces.join(""));
const scalar: fc.Arbitrary<SopsScalar> = fc.oneof(
  fc.constant({ kind: "null" } as const),
  oddText.map((text) => ({ kind: "str", bytes: utf8(text) }) as const),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ kind: "int", value }) as const),
  fc.boolean().map((value) => ({ kind: "bool", value }) as const),
);
/** What one of the formats does not keep apart. */
const yamlScalar: fc.Arbitrary<SopsScalar> = fc.oneof(
  scalar,
  fc.uint8Array({ maxLength: 120 }).map((bytes) => ({ kind: "str", bytes: Uint8Array.from(bytes) }) as const),
  fc
    .constantFrom("2001-12-14T21:59:43.1-05:00", "2020-01-01T00:00:00Z")
    .map((text) => ({ kind: "time", text }) as const),
  fc
    .constantFrom(1.5, 1e-7, 1e21, -0.25, Number.NaN, Number.POSITIVE_INFINITY, 5e-324, 0.1 + 0.2)
    .map((value) => ({ kind: "float", value }) as const),
);

function trees(leaf: fc.Arbitrary<SopsScalar>): fc.Arbitrary<SopsMap> {
  const { tree } = fc.letrec<{ tree: SopsMap; node: SopsNode }>((tie) => ({
    tree: fc
      .uniqueArray(fc.tuple(fc.oneof(oddText, fc.constant(longKey)), tie("node")), {
        selector: ([key]) => key,
        maxLength: 4,
      })
      .map((pairs) => map(...pairs.map(([key, value]) => ({ kind: "entry", key, value }) as const))),
    node: fc.oneof(
      { depthSize: "small" },
      leaf,
      tie("tree"),
      fc.array(tie("node"), { maxLength: 3 }).map((items) => ({ kind: "list", items }) as const),
    ),
  }));
  return tree;
}

suite("what is written is read back", () => {
  test("YAML, under any indentation", () => {
    fc.assert(
      fc.property(
        fc.array(trees(yamlScalar), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 9 }),
        (documents, indent) => {
          assert.deepEqual(
            readSopsTree(writeSopsTree(documents, "yaml", { indent }), "yaml", "in"),
            documents,
          );
        },
      ),
      { numRuns: 150 },
    );
  });

  test("JSON", () => {
    fc.assert(
      fc.property(trees(scalar), (document) => {
        assert.deepEqual(readSopsTree(writeSopsTree([document], "json"), "json", "in"), [document]);
      }),
    );
  });

  test("comments stay at their places", () => {
    const text =
      "# a\nm:\n    # b\n    x: 1 # c\n    # d\n# e\nl:\n    # f\n    - u # g\n    # h\n# i\n---\n# j\nz: 1\n";
    assert.deepEqual(readSopsTree(rewritten(text), "yaml", "in"), readSopsTree(text, "yaml", "in"));
    assert.equal(rewritten(text), text);
  });
});

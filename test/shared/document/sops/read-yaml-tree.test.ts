import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fromUtf8 } from "../../../../shared/bytes.ts";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import type { SopsComment, SopsNode } from "../../../../shared/document/sops/tree.ts";
import { InputError } from "../../../../shared/errors.ts";

/**
 * A tree in short: mappings as lists of pairs, lists as such, strings as they are, other scalars in words; a comment is its text
 * after `#`, or after `~#` where it stood behind what it belongs to.
 */
function short(node: SopsNode | SopsComment): unknown {
  switch (node.kind) {
    case "comment":
      return `${node.isInline ? "~" : ""}#${node.text}`;
    case "map":
      return {
        map: node.entries.map((entry) =>
          entry.kind === "comment"
            ? short(entry)
            : [entry.isMerge ? `merge ${entry.key}` : entry.key, short(entry.value)],
        ),
      };
    case "list":
      return { list: node.items.map(short) };
    case "null":
      return null;
    case "str":
      return fromUtf8(node.bytes);
    case "time":
      return `time ${node.text}`;
    default:
      return node.value;
  }
}

function read(text: string): unknown[] {
  return readSopsTree(text, "yaml", "in").map(short);
}

function refusal(text: string): string {
  try {
    readSopsTree(text, "yaml", "in");
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    assert.ok(error.hint !== "");
    return error.message;
  }
  assert.fail("was accepted");
}

suite("structures", () => {
  const cases: readonly [string, string, unknown[]][] = [
    [
      "a mapping",
      "b: x\na: 1\n",
      [
        {
          map: [
            ["b", "x"],
            ["a", 1n],
          ],
        },
      ],
    ],
    [
      "keys that look like integers, in quotes",
      '"10": x\n"2": y\n',
      [
        {
          map: [
            ["10", "x"],
            ["2", "y"],
          ],
        },
      ],
    ],
    [
      "nested",
      "a:\n  b:\n  - c\n  - - d\n    - e: f\n",
      [{ map: [["a", { map: [["b", { list: ["c", { list: ["d", { map: [["e", "f"]] }] }] }]] }]] }],
    ],
    [
      "flow style",
      "a: {x: 1, y: [z, {w: v}], u: }\n",
      [
        {
          map: [
            [
              "a",
              {
                map: [
                  ["x", 1n],
                  ["y", { list: ["z", { map: [["w", "v"]] }] }],
                  ["u", null],
                ],
              },
            ],
          ],
        },
      ],
    ],
    [
      "JSON",
      '{"a": {"b":1,"c":["x"]}}',
      [
        {
          map: [
            [
              "a",
              {
                map: [
                  ["b", 1n],
                  ["c", { list: ["x"] }],
                ],
              },
            ],
          ],
        },
      ],
    ],
    [
      "a flow mapping over lines",
      "a: {\n  x: 1,\n}\nb: [\n  2\n]\n",
      [
        {
          map: [
            ["a", { map: [["x", 1n]] }],
            ["b", { list: [2n] }],
          ],
        },
      ],
    ],
    [
      "explicit keys",
      "? a\n: b\n? |-\n  c\n: d\n",
      [
        {
          map: [
            ["a", "b"],
            ["c", "d"],
          ],
        },
      ],
    ],
    [
      "empty collections",
      "a: {}\nb: []\n",
      [
        {
          map: [
            ["a", { map: [] }],
            ["b", { list: [] }],
          ],
        },
      ],
    ],
    [
      "no values",
      "a:\nb:\n- \n",
      [
        {
          map: [
            ["a", null],
            ["b", { list: [null] }],
          ],
        },
      ],
    ],
    [
      "the entry sops wherever it stands",
      '"sops": {mac: x}\na: b\n',
      [
        {
          map: [
            ["sops", { map: [["mac", "x"]] }],
            ["a", "b"],
          ],
        },
      ],
    ],
    ["a key __proto__", "__proto__: x\n", [{ map: [["__proto__", "x"]] }]],
    [
      "several documents",
      "a: 1\n---\nb: 2\n...\n---\nc: 3\n",
      [{ map: [["a", 1n]] }, { map: [["b", 2n]] }, { map: [["c", 3n]] }],
    ],
    [
      "later documents without content",
      "a: 1\n---\n---\nnull\n---\n",
      [{ map: [["a", 1n]] }, { map: [] }, { map: [] }, { map: [] }],
    ],
    ["directives", "%YAML 1.1\n---\na: 0777\n", [{ map: [["a", 511n]] }]],
    ["the directive of YAML 1.2", "%YAML 1.2\n---\na: yes\n", [{ map: [["a", "yes"]] }]],
    ["a byte order mark", "\ufeffa: 1\n", [{ map: [["a", 1n]] }]],
    [
      "CR LF",
      'a: |\r\n  x\r\n  y\r\nb: "p\r\n  q"\r\n# c\r\nd: 1\r\n',
      [{ map: [["a", "x\ny\n"], ["b", "p q"], "# c", ["d", 1n]] }],
    ],
    [
      "CR alone",
      "a: 1\rb: 2\r",
      [
        {
          map: [
            ["a", 1n],
            ["b", 2n],
          ],
        },
      ],
    ],
    ["no line break at the end", "a: 1", [{ map: [["a", 1n]] }]],
  ];
  for (const [name, text, expected] of cases) test(name, () => assert.deepEqual(read(text), expected));
});

suite("scalars over lines", () => {
  const cases: readonly [string, string, string][] = [
    ["plain", "a: x\n  y\n\n  z\n", "x y\nz"],
    ["single quotes", "a: 'x\n  y\n\n  it''s'\n", "x y\nit's"],
    ["double quotes", 'a: "x\\\n  y\n  z\\n\\t"\n', "xy z\n\t"],
    ["literal", "a: |\n  x\n   y\n\n  z\n\n", "x\n y\n\nz\n"],
    ["literal, stripped", "a: |-\n  x\n\n", "x"],
    ["literal, kept", "a: |+\n  x\n\n", "x\n\n"],
    ["literal, indented by a number", "a: |2\n    x\n  y\n", "  x\ny\n"],
    ["folded", "a: >\n  x\n  y\n\n  z\n   w\n  v\n", "x y\nz\n w\nv\n"],
    ["a literal that the text ends", "a: |\n  x", "x"],
    ["a folded one that the text ends", "a: >\n  x\n  y", "x y"],
    ["a line separator in single quotes, as stock sops writes it", "a: 'x\u2028    y'\n", "x\u2028y"],
  ];
  for (const [name, text, expected] of cases) {
    test(name, () => assert.deepEqual(read(text), [{ map: [["a", expected]] }]));
  }
});

suite("anchors and aliases", () => {
  test("every use counts on its own", () => {
    assert.deepEqual(read("a: &x {p: [1]}\nb: *x\nc: &y 2\nd: [*y, *x]\n"), [
      {
        map: [
          ["a", { map: [["p", { list: [1n] }]] }],
          ["b", { map: [["p", { list: [1n] }]] }],
          ["c", 2n],
          ["d", { list: [2n, { map: [["p", { list: [1n] }]] }] }],
        ],
      },
    ]);
  });

  test("the nearest anchor before it counts", () => {
    assert.deepEqual(read("a: &x 1\nb: *x\nc: &x 2\nd: *x\n"), [
      {
        map: [
          ["a", 1n],
          ["b", 1n],
          ["c", 2n],
          ["d", 2n],
        ],
      },
    ]);
  });

  test("a merge key stays a key", () => {
    const merged = { map: [["p", 1n]] };
    assert.deepEqual(
      read("a: &x {p: 1}\nb: {<<: *x}\nc: {!!merge <<: *x}\nd: {'<<': 1}\ne:\n  <<: [*x, *x]\n"),
      [
        {
          map: [
            ["a", merged],
            ["b", { map: [["merge <<", merged]] }],
            ["c", { map: [["merge <<", merged]] }],
            ["d", { map: [["<<", 1n]] }],
            ["e", { map: [["merge <<", { list: [merged, merged] }]] }],
          ],
        },
      ],
    );
  });

  test("comments go along", () => {
    const commented = { map: ["# c", ["p", 1n]] };
    assert.deepEqual(read("a: &x\n  # c\n  p: 1\nb: *x\n"), [
      {
        map: [
          ["a", commented],
          ["b", commented],
        ],
      },
    ]);
  });

  const bomb = [
    "a0: &a0 [x,x,x,x,x,x,x,x,x,x]",
    ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(10).fill(`*a${i}`).join(",")}]`),
  ].join("\n");
  const refused: readonly [string, string, RegExp][] = [
    ["an alias without an anchor", "a: *x\n", /line 1, column 4: an alias names no anchor/],
    ["an alias before its anchor", "a: *x\nb: &x 1\n", /line 1, column 4: an alias names no anchor/],
    ["an anchor of another document", "a: &x 1\n---\nb: *x\n", /line 3, column 4: an alias names no anchor/],
    [
      "an alias inside its anchor",
      "a: &x [1, *x]\n",
      /line 1, column 11: an alias stands inside its own anchor/,
    ],
    ["aliases of aliases", bomb, /line 5, column [0-9]+: its aliases expand to too much/],
    [
      "a long string many times",
      `a: &x ${"x".repeat(10_000)}\nb: [${Array(500).fill("*x").join(",")}]\n`,
      /its aliases expand to too much/,
    ],
    ["an alias as key", "a: &x k\n*x : 1\n", /line 2, column 1: a key must be a string, written out/],
  ];
  for (const [name, text, words] of refused)
    test(`${name} is refused`, () => assert.match(refusal(text), words));
});

suite("comments", () => {
  const cases: readonly [string, string, unknown][] = [
    [
      "above, behind and at the end",
      "# a\n#b\nx: 1 # c\n#\ny: 2\n# d\n",
      { map: ["# a", "#b", "~# c", ["x", 1n], "#", ["y", 2n], "# d"] },
    ],
    [
      "before and behind markers",
      "# a\n---\n# b\nx: 1\n# c\n...\n# d\n",
      { map: ["# a", "# b", ["x", 1n], "# c", "# d"] },
    ],
    [
      "inside a mapping",
      "m:\n  # a\n  x: 1\n  # b\n# c\ny: 2\n",
      { map: [["m", { map: ["# a", ["x", 1n], "# b"] }], "# c", ["y", 2n]] },
    ],
    ["behind a key whose mapping follows", "m: # a\n  x: 1\n", { map: ["# a", ["m", { map: [["x", 1n]] }]] }],
    [
      "between a key and its mapping, deeper or not",
      "m:\n# a\n  x: 1\n",
      { map: [["m", { map: ["# a", ["x", 1n]] }]] },
    ],
    [
      "in a list",
      "l:\n  # a\n  - x # b\n  # c\n  - y\n  # d\n# e\n",
      { map: [["l", { list: ["# a", "~# b", "x", "# c", "y", "# d"] }], "# e"] },
    ],
    [
      "in a list at the level of its key",
      "l:\n- x\n# a\n- y\n# b\nm: 1\n",
      { map: [["l", { list: ["x", "# a", "y"] }], "# b", ["m", 1n]] },
    ],
    ["behind a dash", "l:\n  - # a\n    x: 1\n", { map: [["l", { list: ["# a", { map: [["x", 1n]] }] }]] }],
    [
      "in an item",
      "l:\n  - x: 1\n    # a\n    y: 2\n    # b\n  # c\n",
      { map: [["l", { list: [{ map: [["x", 1n], "# a", ["y", 2n], "# b"] }, "# c"] }]] },
    ],
    ["behind the header of a block", "a: | # c\n  x\n", { map: ["~# c", ["a", "x\n"]] }],
    ["no comment inside a block", "a: |\n  # x\n", { map: [["a", "# x\n"]] }],
    [
      "no comment inside a word or quotes",
      "a: x#y\nb: ' # z'\n",
      {
        map: [
          ["a", "x#y"],
          ["b", " # z"],
        ],
      },
    ],
    [
      "between brackets",
      "a: [ # p\n  1, # q\n  2 ] # r\n",
      { map: ["# r", ["a", { list: ["# p", "~# q", 1n, 2n] }]] },
    ],
    ["behind an empty collection", "a: {} # c\nb: 1\n", { map: ["# c", ["a", { map: [] }], ["b", 1n]] }],
    ["behind an alias", "a: &x 1 # c\nb: *x # d\n", { map: ["~# c", ["a", 1n], "~# d", ["b", 1n]] }],
    [
      "after a nested list ends twice",
      "a:\n  - - x\n    # p\n  # q\n# r\n",
      { map: [["a", { list: [{ list: ["x", "# p"] }, "# q"] }], "# r"] },
    ],
  ];
  for (const [name, text, expected] of cases) test(name, () => assert.deepEqual(read(text), [expected]));

  test("between documents, with the document before; behind a marker, with the one after", () => {
    assert.deepEqual(read("a: 1\n# p\n---\n# q\nb: 2\n---\n# r\n"), [
      { map: [["a", 1n], "# p"] },
      { map: ["# q", ["b", 2n]] },
      { map: ["# r"] },
    ]);
  });
});

suite("texts that are refused", () => {
  const deep = `a: ${"[".repeat(101)}${"]".repeat(101)}\n`;
  const cases: readonly [string, string, RegExp][] = [
    ["nothing", "", /line 1, column 1: the text has no content/],
    ["comments only", "# secret\n", /the text has no content/],
    ["a first document without content", "---\n---\na: 1\n", /the document has no content/],
    ["a list", "- secret\n", /line 1, column 1: the document must be a mapping/],
    ["a scalar", "secret\n", /the document must be a mapping/],
    ["a later scalar", "a: 1\n---\nsecret\n", /line 3, column 1: the document must be a mapping/],
    ["a key twice", "a: secret\nb: 1\na: 2\n", /line 3, column 1: this key appears twice/],
    [
      "a key twice in a later document",
      "a: 1\n---\nb: 1\nb: 2\n",
      /line 4, column 1: this key appears twice/,
    ],
    ["a key twice in quotes", "a: 1\n'a': 2\n", /line 2, column 1: this key appears twice/],
    ["two merge keys", "a: &x {p: 1}\nb: {<<: *x, <<: *x}\n", /this key appears twice/],
    ["an integer for key", "1: secret\n", /line 1, column 1: a key must be a string: put it in quotes/],
    ["a truth value for key", "a: {true: 1}\n", /line 1, column 5: a key must be a string/],
    ["a time for key", "2020-01-01: 1\n", /a key must be a string/],
    ["null for key", "~: 1\n", /a key must be a string/],
    ["nothing for key", ": 1\n", /a key must be a string/],
    ["a list for key", "? [a]\n: 1\n", /a key must be a string, written out/],
    ["bytes for key", "!!binary gIGC: 1\n", /a key must be text/],
    ["too many levels", deep, /more than 100 levels/],
    ["levels beyond counting", `a: ${"[".repeat(50_000)}`, /too many levels/],
    ["a quote that is not closed", "a: 'secret\n", /line [12], column [0-9]+: a quote/],
    ["a bracket that is not closed", "a: [secret\n", /line [12], column/],
    ["indentation", "a:\n    b: secret\n  c: 1\n", /line 3, column/],
    ["a tab", "a:\n\tb: secret\n", /line 2, column 1: a tab is used for indentation/],
    ["no colon", "a: 1\nsecret\n", /line 2, column 1: a quote, bracket, comma, colon or space is missing/],
    ["an unknown escape", 'a: "\\q secret"\n', /unknown escape/],
    ["a control character", "a: x\u0007\n", /line 1, column 5: it holds a control character/],
    ["a byte order mark inside", "a: x\ufeff\n", /a control character/],
    ["half a surrogate pair", "a: x\ud800\n", /a control character/],
    ["a directive for tags", "%TAG !e! tag:secret:\n---\na: 1\n", /line 1, column 1: a directive/],
    ["an unknown directive", "%SECRET x\n---\na: 1\n", /line 1, column 1: a directive/],
    ["a newer YAML", "%YAML 2.0\n---\na: 1\n", /line 1, column 1: a directive/],
    ["a line separator in a plain scalar", "a: x\u2028y\n", /line 1, column 4: a line separator/],
    ["a line separator in double quotes", 'a: "x\u2029y"\n', /a line separator/],
    ["a line separator among lines", "a: 'x\u2028\n  y'\n", /a line separator/],
    ["a line separator in a block", "a: |\n  x\u0085y\n", /a line separator/],
    [
      "a line separator in a comment",
      "a: 1 # x\u2028secret: 2\n",
      /line 1, column 6: a line separator.* in a comment/,
    ],
    ["an escaped line break, then an empty line", 'a: "x\\\n\n  y"\n', /is read in two ways/],
    ["spaces that end a text and a block", "a: |+\n  x\n  ", /spaces at the end of a block/],
    [
      "spaces at the end of a block with a number",
      "a: |2\n  x\n    \nb: 1\n",
      /spaces at the end of a block/,
    ],
    ["a question mark between brackets", "a: [?x]\n", /a question mark or colon between brackets/],
    ["a colon before a comma", "a: {x:, y: 1}\n", /a question mark or colon between brackets/],
    [
      "an anchor of odd characters",
      "a: &x\u2028 1\n",
      /line 1, column [0-9]+: an anchor of other characters/,
    ],
    ["a colon between brackets, after a space", "a: [b :, c]\n", /a question mark or colon between brackets/],
    ["a tag before a comma", "a: [!!str, x]\n", /a tag without a value/],
  ];
  for (const [name, text, words] of cases) {
    test(name, () => {
      const message = refusal(text);
      assert.match(message, /^in: line [0-9]+, column [0-9]+: /);
      assert.match(message, words);
      assert.doesNotMatch(message, /secret/i);
    });
  }
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { utf8 } from "../../../../shared/bytes.ts";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import type { SopsNode } from "../../../../shared/document/sops/tree.ts";
import { InputError } from "../../../../shared/errors.ts";

function entriesOf(text: string): [string, SopsNode][] {
  const [document] = readSopsTree(text, "json", "in");
  assert.ok(document !== undefined);
  return document.entries.map((entry) => {
    assert.ok(entry.kind === "entry");
    return [entry.key, entry.value];
  });
}

suite("JSON documents", () => {
  const numbers: readonly [string, SopsNode][] = [
    ["5", { kind: "int", value: 5n }],
    ["-5", { kind: "int", value: -5n }],
    ["-0", { kind: "int", value: 0n }],
    ["9223372036854775807", { kind: "int", value: 9223372036854775807n }],
    ["-9223372036854775808", { kind: "int", value: -9223372036854775808n }],
    ["9223372036854775808", { kind: "float", value: 2 ** 63 }],
    ["1.0", { kind: "float", value: 1 }],
    ["1e3", { kind: "float", value: 1000 }],
    ["-0.0", { kind: "float", value: -0 }],
    ["123456789012345678901234567890", { kind: "float", value: 1.2345678901234568e29 }],
  ];
  for (const [source, expected] of numbers) {
    test(`the number ${source}`, () => assert.deepEqual(entriesOf(`{"a": ${source}}`), [["a", expected]]));
  }

  test("all kinds, in their order", () => {
    assert.deepEqual(entriesOf(' {"b": null, "10": [true, [false], {}], "2": {"x": "y"},\t"a": []}\r\n '), [
      ["b", { kind: "null" }],
      [
        "10",
        {
          kind: "list",
          items: [
            { kind: "bool", value: true },
            { kind: "list", items: [{ kind: "bool", value: false }] },
            { kind: "map", entries: [] },
          ],
        },
      ],
      [
        "2",
        { kind: "map", entries: [{ kind: "entry", key: "x", value: { kind: "str", bytes: utf8("y") } }] },
      ],
      ["a", { kind: "list", items: [] }],
    ]);
  });

  test("strings", () => {
    assert.deepEqual(entriesOf('{"a\\u0000": "\\u00e9\\n\\ud83d\\ude00\\ud800\u2028"}'), [
      ["a\0", { kind: "str", bytes: utf8("é\n😀\ufffd\u2028") }],
    ]);
  });

  test("words of YAML, dates and ENC are strings", () => {
    assert.deepEqual(entriesOf('{"a": "yes", "b": "2020-01-01"}'), [
      ["a", { kind: "str", bytes: utf8("yes") }],
      ["b", { kind: "str", bytes: utf8("2020-01-01") }],
    ]);
  });

  test("a byte order mark, an empty object, and a key __proto__", () => {
    assert.deepEqual(entriesOf("\ufeff{}"), []);
    assert.deepEqual(
      entriesOf('{"__proto__": 1}').map(([key]) => key),
      ["__proto__"],
    );
  });

  const refused: readonly [string, string, RegExp][] = [
    ["nothing", " \n", /line 2, column 1: the text is empty/],
    ["a list", '["secret"]', /line 1, column 1: the document must be an object/],
    ["a string", '"secret"', /the document must be an object/],
    ["text behind the object", '{"a": 1}\nsecret', /line 2, column 1: text is left over/],
    ["a second object", '{"a": 1} {"secret": 1}', /line 1, column 10: text is left over/],
    ["a key twice", '{"secret": 1,\n "secret": 2}', /line 2, column 2: this key appears twice/],
    ["a key twice deeper down", '{"a": [{"x": 1, "x": 2}]}', /column 17: this key appears twice/],
    ["a key twice, by half surrogate pairs", '{"\\ud800": 1, "\\udfff": 2}', /this key appears twice/],
    ["a key without quotes", "{secret: 1}", /line 1, column 2: a key in double quotes/],
    ["no colon", '{"secret" 1}', /line 1, column 11: a colon is expected/],
    ["no comma", '{"a": 1 "secret": 2}', /line 1, column 9: a comma or a closing brace/],
    ["a comma too many", '{"a": 1,}', /line 1, column 9: a key in double quotes/],
    ["no comma in a list", '{"a": [1 2]}', /column 10: a comma or a closing bracket/],
    ["no end", '{"a": {"b": ', /ends too early/],
    ["a comment", '{"a": 1 /* secret */}', /a comma or a closing brace/],
    ["a word", '{"a": secret}', /line 1, column 7: this is not a JSON value/],
    ["NaN", '{"a": NaN}', /this is not a JSON value/],
    ["a leading zero", '{"a": 01}', /a comma or a closing brace/],
    ["a number out of range", '{"a": 1e400}', /line 1, column 7: this number is out of range/],
    ["a line break in a string", '{"a": "secret\n"}', /line 1, column 7: a string is not closed/],
    ["too many levels", `{"a": ${"[".repeat(101)}${"]".repeat(101)}}`, /more than 100 levels/],
  ];
  for (const [name, text, words] of refused) {
    test(`${name} is refused`, () => {
      assert.throws(
        () => readSopsTree(text, "json", "in"),
        (error) => {
          assert.ok(error instanceof InputError, String(error));
          assert.match(error.message, /^in: line [0-9]+, column [0-9]+: /);
          assert.match(error.message, words);
          assert.doesNotMatch(error.message, /secret/);
          return true;
        },
      );
    });
  }
});

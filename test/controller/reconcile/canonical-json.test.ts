import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalJson } from "../../../controller/reconcile/canonical-json.ts";

/** The same value with the fields of every map in the opposite order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, entry]) => [name, reversed(entry)]),
  );
}

test("equal values give equal text whatever order their fields came in, and it reads back as the value", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const text = canonicalJson(value);
      assert.equal(canonicalJson(reversed(value)), text);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("different values give different text", () => {
  const texts = [
    {},
    [],
    "",
    "{}",
    null,
    0,
    "0",
    { a: 1 },
    { a: "1" },
    [1],
    { a: [1] },
    { a: { b: 1 } },
    { "a.b": 1 },
  ];
  assert.equal(new Set(texts.map(canonicalJson)).size, texts.length);
});

test("what is not there counts as null", () => {
  assert.equal(canonicalJson([undefined]), "[null]");
});

test("a value of any depth has its text", () => {
  for (const [open, close] of [
    ['{"a":', "}"],
    ["[", "]"],
  ] as const) {
    const text = `${open.repeat(9990)}1${close.repeat(9990)}`;
    assert.equal(canonicalJson(JSON.parse(text)), text);
  }
});

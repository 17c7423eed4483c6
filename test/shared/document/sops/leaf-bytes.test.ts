import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { fromUtf8, utf8 } from "../../../../shared/bytes.ts";
import {
  commentOf,
  isLeafType,
  leafBytes,
  leafOf,
  type SopsValue,
} from "../../../../shared/document/sops/leaf-bytes.ts";

const textOf = (value: SopsValue) => {
  const bytes = leafBytes(value);
  return bytes === null ? null : fromUtf8(bytes);
};

suite("the bytes of a value", () => {
  const floats: readonly (readonly [number, string])[] = [
    [1, "1"],
    [100.5, "100.5"],
    [1e21, "1000000000000000000000"],
    [1.5e21, "1500000000000000000000"],
    [-2.5e22, "-25000000000000000000000"],
    [1e-7, "0.0000001"],
    [-1.25e-9, "-0.00000000125"],
    [-0, "-0"],
    [0, "0"],
    [1e3, "1000"],
    [Math.PI, "3.141592653589793"],
    [Infinity, "+Inf"],
    [-Infinity, "-Inf"],
    [Number.NaN, "NaN"],
    [5e-324, `0.${"0".repeat(323)}5`],
    [1.7976931348623157e308, `17976931348623157${"0".repeat(292)}`],
  ];
  for (const [value, text] of floats) {
    test(`float ${Object.is(value, -0) ? "-0" : value}`, () => {
      assert.equal(textOf({ kind: "float", value }), text);
      assert.deepEqual(leafOf("float", utf8(text)), { kind: "float", value });
    });
  }
  test("booleans begin with a capital letter", () => {
    assert.equal(textOf({ kind: "bool", value: true }), "True");
    assert.equal(textOf({ kind: "bool", value: false }), "False");
  });
  test("ints are exact, and of 64 bits", () => {
    assert.equal(textOf({ kind: "int", value: 9223372036854775807n }), "9223372036854775807");
    assert.equal(textOf({ kind: "int", value: -9223372036854775808n }), "-9223372036854775808");
    assert.equal(textOf({ kind: "int", value: 9223372036854775808n }), null);
    assert.equal(textOf({ kind: "int", value: -9223372036854775809n }), null);
  });
  test("strings are what they are, UTF-8 or not", () => {
    const bytes = Uint8Array.of(0xff, 0, 0x41);
    assert.deepEqual(leafBytes({ kind: "str", bytes }), bytes);
    assert.deepEqual(leafOf("str", bytes), { kind: "str", bytes });
  });
  test("come back as the value they were made from", () => {
    const values: fc.Arbitrary<SopsValue> = fc.oneof(
      fc.double().map((value) => ({ kind: "float" as const, value })),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n).map((value) => ({ kind: "int" as const, value })),
      fc.boolean().map((value) => ({ kind: "bool" as const, value })),
    );
    fc.assert(
      fc.property(values, (value) => {
        assert.ok(value.kind === "float" || value.kind === "int" || value.kind === "bool");
        const bytes = leafBytes(value);
        assert.ok(bytes);
        assert.ok(value.kind === "bool" || !/e/.test(fromUtf8(bytes) ?? "e"), "no exponent");
        assert.deepEqual(leafOf(value.kind, new Uint8Array(bytes)), value);
      }),
      { numRuns: 300 },
    );
  });
});

suite("what a type does not hold", () => {
  const refused: readonly (readonly ["int" | "float" | "bool" | "time", string])[] = [
    ["int", "12a"],
    ["int", ""],
    ["int", "-"],
    ["int", "+5"],
    ["int", "007"],
    ["int", "-0"],
    ["int", "1.0"],
    ["int", " 1"],
    ["int", "9223372036854775808"],
    ["int", "0x1F"],
    ["int", "1".repeat(100_000)],
    ["float", "1.0"],
    ["float", "1e3"],
    ["float", "01"],
    ["float", ".5"],
    ["float", "nan"],
    ["float", "Infinity"],
    ["float", "Inf"],
    ["float", ""],
    ["float", "0.1000000000000000055511151231257827"],
    ["bool", "true"],
    ["bool", "1"],
    ["bool", "TRUE"],
    ["bool", ""],
    ["time", "2020-01-01"],
    ["time", "2020-01-01T00:00:00"],
    ["time", "2020-01-01T00:00:00.10Z"],
    ["time", "2020-01-01T00:00:00+00:00"],
    ["time", "2020-02-30T00:00:00Z"],
    ["time", "2020-01-01t00:00:00z"],
  ];
  for (const [type, text] of refused) {
    test(`${type}: ${JSON.stringify(text.slice(0, 40))}`, () => assert.equal(leafOf(type, utf8(text)), null));
  }
  test("bytes that are no text are no number", () => {
    assert.equal(leafOf("int", Uint8Array.of(0x31, 0xff)), null);
  });
  for (const text of ["2020-01-01T00:00:00Z", "2001-12-14T21:59:43.1-05:00"]) {
    test(`${text} is a time`, () => assert.deepEqual(leafOf("time", utf8(text)), { kind: "time", text }));
  }
});

test("the types that are known", () => {
  const words = ["str", "int", "float", "bool", "time", "comment", "bytes", "string", ""];
  assert.deepEqual(words.filter(isLeafType), ["str", "int", "float", "bool", "time", "comment"]);
});

test("a comment is one line of text", () => {
  assert.equal(commentOf(utf8(" a note")), " a note");
  for (const text of ["two\nlines", "a\rb", "a\u0085b", "a\u2028b"])
    assert.equal(commentOf(utf8(text)), null);
  assert.equal(commentOf(Uint8Array.of(0xff)), null);
});

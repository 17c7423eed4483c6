import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { formatFloat } from "../../../shared/template/float-text.ts";

// As Go's strconv.FormatFloat gives them.
const rows: readonly (readonly [number, string, number, string])[] = [
  [0, "g", -1, "0"],
  [-0, "g", -1, "-0"],
  [0, "e", 3, "0.000e+00"],
  [0, "f", 2, "0.00"],
  [100000, "g", -1, "100000"],
  [1000000, "g", -1, "1e+06"],
  [123456789, "g", -1, "1.23456789e+08"],
  [0.0001, "g", -1, "0.0001"],
  [0.00001, "g", -1, "1e-05"],
  [1e100, "G", -1, "1E+100"],
  [0.5, "f", 0, "0"],
  [1.5, "f", 0, "2"],
  [2.5, "f", 0, "2"],
  [0.05, "f", 0, "0"],
  [0.96, "f", 1, "1.0"],
  [9.996, "f", 2, "10.00"],
  [999.5, "e", 2, "1.00e+03"],
  [0.001, "f", 1, "0.0"],
  [1e21, "f", -1, "1000000000000000000000"],
  [5e-324, "e", 5, "4.94066e-324"],
  [5e-324, "g", -1, "5e-324"],
  [1234.5, "g", 3, "1.23e+03"],
  [1234.5, "g", 0, "1e+03"],
  [100, "g", 3, "100"],
  [100, "g", 5, "100"],
  [1, "b", -1, "4503599627370496p-52"],
  [5e-324, "b", -1, "1p-1074"],
  [1, "x", -1, "0x1p+00"],
  [0, "x", -1, "0x0p+00"],
  [3.14, "x", 3, "0x1.91fp+01"],
  [1.9999, "x", 0, "0x1p+01"],
  [5e-324, "X", -1, "0X1P-1074"],
  [Number.NaN, "g", -1, "NaN"],
  [Number.POSITIVE_INFINITY, "f", 2, "+Inf"],
  [Number.NEGATIVE_INFINITY, "f", 2, "-Inf"],
];

suite("formatFloat", () => {
  for (const [value, format, precision, expected] of rows) {
    test(`${value} as %${format} with ${precision}`, () => {
      assert.equal(formatFloat(value, format, precision), expected);
    });
  }

  test("the shortest form reads back as the same number", () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.constantFrom("e", "f", "g"),
        (value, format) => {
          assert.ok(Object.is(Number(formatFloat(value, format, -1)), value));
        },
      ),
    );
  });

  test("seventeen digits read back as the same number", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        assert.ok(Object.is(Number(formatFloat(value, "e", 16)), value));
      }),
    );
  });
});

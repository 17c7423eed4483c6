import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fromUtf8 } from "../../../../shared/bytes.ts";
import { plainScalar } from "../../../../shared/document/sops/go-yaml-scalar.ts";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import type { SopsNode } from "../../../../shared/document/sops/tree.ts";
import { InputError } from "../../../../shared/errors.ts";

/** Kind and value in words, such as `int 511`. */
function told(node: SopsNode): string {
  switch (node.kind) {
    case "null":
    case "map":
    case "list":
      return node.kind;
    case "str":
      return `str ${fromUtf8(node.bytes) ?? [...node.bytes].join(",")}`;
    case "time":
      return `time ${node.text}`;
    case "float":
      return Object.is(node.value, -0) ? "float -0" : `float ${node.value}`;
    default:
      return `${node.kind} ${node.value}`;
  }
}

function scalarOf(source: string): string {
  const [document] = readSopsTree(`k: ${source}\n`, "yaml", "in");
  const entry = document?.entries[0];
  assert.ok(entry?.kind === "entry");
  return told(entry.value);
}

/** What a plain scalar is to go-yaml v3.0.4, which stock sops 3.13 reads with. */
const scalars: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  [
    "truth values",
    [
      ...["true", "True", "TRUE"].map((word) => [word, "bool true"] as const),
      ...["false", "False", "FALSE"].map((word) => [word, "bool false"] as const),
    ],
  ],
  [
    "words of YAML 1.1",
    "yes no on off y n Yes No ON Off Y N tRUE nULL".split(" ").map((word) => [word, `str ${word}`] as const),
  ],
  ["null", ["", "~", "null", "Null", "NULL"].map((word) => [word, "null"] as const)],
  [
    "decimal integers",
    [
      ["5", "int 5"],
      ["+5", "int 5"],
      ["-5", "int -5"],
      ["-0", "int 0"],
      ["1_000", "int 1000"],
      ["1__0", "int 10"],
      ["1_", "int 1"],
      ["+_1", "int 1"],
      ["_1", "str _1"],
      ["9223372036854775807", "int 9223372036854775807"],
      ["-9223372036854775808", "int -9223372036854775808"],
    ],
  ],
  [
    "integers in other bases",
    [
      ["0x1F", "int 31"],
      ["0X1F", "int 31"],
      ["-0x1F", "int -31"],
      ["0x_1", "int 1"],
      ["0x7fffffffffffffff", "int 9223372036854775807"],
      ["0b101", "int 5"],
      ["0B101", "int 5"],
      ["-0b101", "int -5"],
      ["0b-101", "int -5"],
      ["0o17", "int 15"],
      ["-0o7", "int -7"],
      ["0o-7", "int -7"],
      ["0777", "int 511"],
      ["-0777", "int -511"],
      ["0_7", "int 7"],
      ["08", "float 8"],
      ["0o8", "str 0o8"],
      ["0b2", "str 0b2"],
      ["0x", "str 0x"],
      ["0xg", "str 0xg"],
    ],
  ],
  [
    "floats",
    [
      ["1e3", "float 1000"],
      ["1E3", "float 1000"],
      ["5.", "float 5"],
      [".5e3", "float 500"],
      [".5_3", "float 0.53"],
      [".5_", "str .5_"],
      ["1_0.5", "float 10.5"],
      ["12e03", "float 12000"],
      ["-0.0", "float -0"],
      ["-.5", "float -0.5"],
      [".", "str ."],
      ["1.2.3", "str 1.2.3"],
      ["1e", "str 1e"],
      ["1e400", "str 1e400"],
      [".1e400", "str .1e400"],
      ["18446744073709551616", "float 18446744073709552000"],
      ["-9223372036854775809", "float -9223372036854776000"],
      [".inf", "float Infinity"],
      ["+.Inf", "float Infinity"],
      ["-.INF", "float -Infinity"],
      [".nan", "float NaN"],
      [".NaN", "float NaN"],
      ["-.nan", "str -.nan"],
    ],
  ],
  [
    "times",
    [
      ["2020-01-01", "time 2020-01-01T00:00:00Z"],
      ["2020-1-1", "time 2020-01-01T00:00:00Z"],
      ["2001-12-14t21:59:43.10-05:00", "time 2001-12-14T21:59:43.1-05:00"],
      ["2001-12-14T21:59:43Z", "time 2001-12-14T21:59:43Z"],
      ["2001-12-14T1:2:3+00:00", "time 2001-12-14T01:02:03Z"],
      ["2001-12-14 21:59:43", "time 2001-12-14T21:59:43Z"],
      ["2001-12-14 21:59:43.000", "time 2001-12-14T21:59:43Z"],
      ["2001-12-14T21:59:43.1234567899Z", "time 2001-12-14T21:59:43.123456789Z"],
      ["2020-02-29", "time 2020-02-29T00:00:00Z"],
      ["2000-02-29", "time 2000-02-29T00:00:00Z"],
      ["1900-02-29", "str 1900-02-29"],
      ["2021-02-29", "str 2021-02-29"],
      ["2020-04-31", "str 2020-04-31"],
      ["2020-13-01", "str 2020-13-01"],
      ["2020-00-01", "str 2020-00-01"],
      ["2020-01-01T10:00:00", "str 2020-01-01T10:00:00"],
      ["2020-01-01 10:00", "str 2020-01-01 10:00"],
      ["2020-01-01 10:00:00Z", "str 2020-01-01 10:00:00Z"],
      ["2020-01-01T24:00:00Z", "str 2020-01-01T24:00:00Z"],
      ["2020-01-01T10:60:00Z", "str 2020-01-01T10:60:00Z"],
      ["2020-01-01T10:00:00+25:00", "str 2020-01-01T10:00:00+25:00"],
      ["20-01-01", "str 20-01-01"],
    ],
  ],
  [
    "strings",
    [
      ["1:30", "str 1:30"],
      ["12:30:45", "str 12:30:45"],
      ["=", "str ="],
      ["x", "str x"],
      ['"1"', "str 1"],
      ["'true'", "str true"],
      ["|-\n  null", "str null"],
      [">-\n  2020-01-01", "str 2020-01-01"],
      ['"\\x41\\u00e9\\U0001F600"', "str Aé😀"],
    ],
  ],
  [
    "tags",
    [
      ["!!str 12", "str 12"],
      ["!!str", "str "],
      ["! 12", "int 12"],
      ['!!int "12"', "int 12"],
      ["!!int 0x10", "int 16"],
      ["!!float 1", "float 1"],
      ['!!bool "true"', "bool true"],
      ['!!null ""', "null"],
      ['!!timestamp "2020-01-01"', "time 2020-01-01T00:00:00Z"],
      ["!!binary aMOp", "str hé"],
      ["!!binary gIGC", "str 128,129,130"],
      ["!!binary |\n  gI\n  GC", "str 128,129,130"],
      ["!<tag:yaml.org,2002:str> 1", "str 1"],
      ["!!map {}", "map"],
      ["!!seq []", "list"],
      ["!!merge <<", "str <<"],
    ],
  ],
];

for (const [name, rows] of scalars) {
  suite(`scalars of go-yaml: ${name}`, () => {
    for (const [source, expected] of rows) test(source, () => assert.equal(scalarOf(source), expected));
  });
}

suite("scalars that are refused", () => {
  const rows: readonly [string, RegExp][] = [
    ["9223372036854775808", /more than 64 bits with a sign/],
    ["18446744073709551615", /more than 64 bits with a sign/],
    ["0xffffffffffffffff", /more than 64 bits with a sign/],
    ["!!int x", /not what its tag !!int says/],
    ["!!int 1.5", /not what its tag !!int says/],
    ["!!bool yes", /not what its tag !!bool says/],
    ["!!null x", /not what its tag !!null says/],
    ["!!timestamp x", /not what its tag !!timestamp says/],
    ["!!float x", /not what its tag !!float says/],
    ["!!binary '*'", /not base64/],
    ["!!set {a}", /the tag !!set is not supported/],
    ["!!omap [a: 1]", /the tag !!omap is not supported/],
    ["!!map [a]", /not what its tag|the tag !!map is not supported/],
    ["!Ref x", /a tag that is not known here/],
    ["!hunter2", /a tag that is not known here/],
    ['"\\ud800"', /half a surrogate pair/],
  ];
  for (const [source, words] of rows) {
    test(source, () => {
      assert.throws(
        () => scalarOf(source),
        (error) => {
          assert.ok(error instanceof InputError, String(error));
          assert.match(error.message, /^in: line 1, column [0-9]+: /);
          assert.match(error.message, words);
          assert.doesNotMatch(error.message, /hunter2|Ref|9223372036854775808/);
          return true;
        },
      );
    });
  }

  test("a number with many digits costs no time", () => {
    assert.deepEqual(plainScalar("1".repeat(400)), {
      scalar: { kind: "str", bytes: new TextEncoder().encode("1".repeat(400)) },
    });
    const long = plainScalar(`0x${"0".repeat(1_000_000)}1`);
    assert.deepEqual(long, { scalar: { kind: "int", value: 1n } });
  });
});

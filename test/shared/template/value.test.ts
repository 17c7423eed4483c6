import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type FunctionTable, goFunction, variadicFunction } from "../../../shared/template/function-table.ts";
import {
  type GoStruct,
  type GoType,
  integer,
  type Method,
  map,
  mapOf,
  slice,
  sliceOf,
  typeOf,
  types,
  type Value,
  zeroOf,
} from "../../../shared/template/value.ts";
import { checkRows, render } from "./language-rows.ts";

const pair: GoType = { name: "demo.pair", kind: "struct" };
const version: GoType = {
  name: "*demo.version",
  kind: "ptr",
  string: () => "v1.2",
  methods: new Map<string, Method>([
    ["Major", { parameters: [], call: () => integer(1, types.uint64) }],
    ["Plus", { parameters: [types.int], call: (_, [n]) => n ?? integer(0) }],
  ]),
};
const weekday: GoType = { name: "demo.weekday", kind: "int64", string: () => "Monday" };

function pairOf(a: Value, b: Value): GoStruct {
  return {
    tag: "struct",
    type: pair,
    fields: new Map([
      ["A", a],
      ["b", b],
    ]),
  };
}

const functions: FunctionTable = new Map([
  ["pair", goFunction([types.any, types.any], ([a, b]) => pairOf(a, b))],
  ["version", goFunction([], () => ({ tag: "struct", type: version, fields: new Map() }))],
  ["day", goFunction([], () => integer(1, weekday))],
  [
    "bytes",
    goFunction([types.string], ([text]) =>
      slice(
        [...text].map((c) => integer(c.charCodeAt(0), types.uint8)),
        types.bytes,
      ),
    ),
  ],
  ["list", variadicFunction([], types.any, (items) => slice(items))],
  ["words", variadicFunction([], types.string, (items) => slice(items, types.strings))],
  ["table", goFunction([types.string, types.any], ([key, value]) => map(new Map([[key, value]])))],
  ["rune", goFunction([types.int32], ([n]) => n)],
  ["byte", goFunction([types.uint8], ([n]) => n)],
  ["half", goFunction([types.float64], ([n]) => n / 2)],
  ["yes", goFunction([types.bool], ([b]) => b)],
  ["lists", goFunction([types.anySlice], ([list]) => list)],
  ["maps", goFunction([types.anyMap], ([value]) => value)],
  ["two", variadicFunction([types.int, types.string], types.int, (args) => integer(args.length))],
]);

suite("arguments fit parameters as Go's do", () => {
  const rows: readonly (readonly [string, string | RegExp])[] = [
    ["{{ half 3 }} {{ half 1e1 }} {{ half 'a' }}", "1.5 5 48.5"],
    ["{{ rune 'a' }} {{ rune 1e2 }} {{ byte 200 }}", "97 100 200"],
    ["{{ byte -1 }}", /expected unsigned integer/],
    ["{{ rune 1.5 }}", /expected integer/],
    ["{{ rune (len `abc`) }}", /wrong type for value; expected int32; got int/],
    ["{{ yes true }}{{ yes 1 }}", /expected bool/],
    ["{{ half `a` }}", /expected float/],
    [
      "{{ lists nil | printf `%#v` }} {{ maps .missing | printf `%#v` }}",
      "[]interface {}(nil) map[string]interface {}(nil)",
    ],
    ["{{ maps (table `a` nil).a }}", /invalid value; expected map/],
    ["{{ range list nil }}{{ maps . }}{{ end }}", /invalid value; expected map/],
    ["{{ half nil }}", /cannot assign nil to float64/],
    ["{{ half .missing }}", /invalid value; expected float64/],
    ["{{ lists 1 }}", /a literal cannot be an argument of type \[\]interface \{\}/],
    ["{{ lists (words) }}", /wrong type for value; expected \[\]interface \{\}; got \[\]string/],
    ["{{ words `a` 1 }}", /expected string/],
    ["{{ two 1 `a` }} {{ two 1 `a` 2 3 }} {{ 5 | two 1 `a` }} {{ `a` | two 1 }}", "2 4 3 2"],
    ["{{ two 1 }}", /wrong number of args for two: want at least 2 got 1/],
    ["{{ 5 | two 1 }}", /wrong type for value; expected string; got int/],
    ["{{ half }}", /wrong number of args for half: want 1 got 0/],
    ["{{ 1.0 | half 1 }}", /wrong number of args for half: want 1 got 2/],
  ];
  for (const [template, expected] of rows) {
    test(template, () => {
      const given = render(template, { functions });
      if (typeof expected === "string") assert.equal(given, expected);
      else assert.match(given, expected);
    });
  }
});

suite("values of every kind print, compare and give up their fields as Go's do", () => {
  const rows: readonly (readonly [string, string | RegExp])[] = [
    [
      "{{ pair 1 nil }} {{ printf `%+v %#v %T` (pair 1 `x`) (pair 1 `x`) (pair 1 2) }}",
      '{1 <nil>} {A:1 b:x} demo.pair{A:1, b:"x"} demo.pair',
    ],
    ["{{ (pair 1 2).A }}", "1"],
    ["{{ (pair 1 2).b }}", /b is an unexported field/],
    ["{{ (pair 1 2).C }}", /can't evaluate field C in type demo.pair/],
    ["{{ (pair 1 2).A 3 }}", /A is not a method but has arguments/],
    [
      "{{ version }} {{ printf `%s %v %q %x %T` version version version version version }}",
      'v1.2 v1.2 v1.2 "v1.2" 76312e32 *demo.version',
    ],
    ["{{ printf `%d` (list version) }}", /address cannot be printed/],
    [
      "{{ version.Major }} {{ printf `%T` version.Major }} {{ version.Plus 4 }} {{ 5 | version.Plus }}",
      "1 uint64 4 5",
    ],
    ["{{ $v := version }}{{ $v.Plus 1 2 }}", /wrong number of args for Plus: want 1 got 2/],
    ["{{ version.Plus `a` }}", /expected integer/],
    [
      "{{ day }} {{ printf `%d %v %s %T` day day day day }} {{ range day }}{{ . }}{{ end }}",
      "Monday 1 Monday Monday demo.weekday Monday",
    ],
    [
      "{{ printf `%s %x %v %q %d` (bytes `ab`) (bytes `ab`) (bytes `ab`) (bytes `ab`) (bytes `ab`) }}",
      'ab 6162 [97 98] "ab" [97 98]',
    ],
    [
      "{{ printf `%#v` (bytes `ab`) }} {{ printf `%#v` (list (bytes `a`)) }}",
      "[]byte{0x61, 0x62} []interface {}{[]uint8{0x61}}",
    ],
    ["{{ list 1 `a` nil (list 2.5) (table `k` true) }}", "[1 a <nil> [2.5] map[k:true]]"],
    ["{{ printf `%d %s` (list 1 `a`) (words `a`) }}", "[1 %!d(string=a)] [a]"],
    [
      "{{ eq (pair 1 `a`) (pair 1 `a`) }} {{ eq (pair 1 2) (pair 1 3) }} {{ eq version version }}",
      "true false false",
    ],
    ["{{ $v := version }}{{ eq $v $v }}", "true"],
    ["{{ eq (pair 1 2) version }}", /non-comparable types/],
    ["{{ eq (list) (list) }}", /non-comparable type/],
    ["{{ eq (list) nil }} {{ eq (lists nil) nil }} {{ ne nil (list) }}", "false true true"],
    [
      "{{ eq day 1 }} {{ lt day 2 }} {{ eq (byte 5) 5 }} {{ lt -1 (byte 0) }} {{ gt (byte 0) -1 }}",
      "true true true true true",
    ],
    ["{{ index (list 1 (table `k` (list 2 3))) 1 `k` 1 }} {{ index (table `a` 1) `b` }}", "3 <no value>"],
    ["{{ index (list 1) 1 }}", /index out of range/],
    [
      "{{ index (words `a`) (byte 0) }} {{ slice (list 1 2 3) 1 }} {{ slice (list 1 2 3) 0 1 2 }}",
      "a [2 3] [1]",
    ],
    ["{{ index (list nil) 0 0 }}", /index of nil pointer/],
    ["{{ len (list 1 2) }} {{ len (table `a` 1) }} {{ len (bytes `abc`) }}", "2 1 3"],
    [
      "{{ if list }}a{{ else }}b{{ end }}{{ if pair 1 2 }}a{{ end }}{{ if table `a` 1 }}a{{ end }}{{ if half 0 }}a{{ end }}",
      "baa",
    ],
    ["{{ range $i, $x := list `a` nil }}{{ $i }}{{ $x }}{{ end }}", "0a1<no value>"],
    ["{{ print (list) (list) `a` (list) }} {{ html (list `<` nil) }}", "[] []a[] [&lt; &lt;nil&gt;]"],
    [
      "{{ printf `%x %X %o` (list `ab` 10) (byte 255) (byte 8) }} {{ printf `%#v` (byte 10) }}",
      "[6162 a] FF 10 0xa",
    ],
    ["{{ range (byte 3) }}{{ printf `%T` . }} {{ end }}", "uint8 uint8 uint8 "],
  ];
  for (const [template, expected] of rows) {
    test(template, () => {
      const given = render(template, { functions });
      if (typeof expected === "string") assert.equal(given, expected);
      else assert.match(given, expected);
    });
  }
});

test("integers wrap to their width", () => {
  assert.equal(integer(2n ** 63n).value, -(2n ** 63n));
  assert.equal(integer(-1, types.uint8).value, 255n);
  assert.equal(integer(2 ** 31, types.int32).value, BigInt(-(2 ** 31)));
  assert.equal(integer(-1, types.uint64).value, 2n ** 64n - 1n);
});

test("types have Go's names, and zeros of their kind", () => {
  assert.equal(mapOf(sliceOf(types.any)).name, "map[string][]interface {}");
  for (const type of [types.bool, types.string, types.float64, types.int32, types.strings, types.stringMap])
    assert.equal(typeOf(zeroOf(type))?.name, type.name);
  assert.equal(typeOf(zeroOf(types.any)), null);
});

checkRows([["{{ printf `%T %T` (index `a` 0) (len `a`) }}", "uint8 int"]]);

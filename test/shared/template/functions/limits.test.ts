import assert from "node:assert/strict";
import { test } from "node:test";
import { processorTime } from "../../../support/processor-time.ts";
import { render } from "./function-rows.ts";

const LIMIT = /the limit|too long|too many|too much/;
/** Templates that ask for far more than a Secret holds. Each must end with a limit, and soon. */
const GREEDY: readonly (readonly [what: string, template: string])[] = [
  ["repeat", '{{ repeat 1000000000000 "ab" }}'],
  ["repeat of repeat", '{{ "a" | repeat 4000000 | repeat 4000000 }}'],
  ["indent", '{{ indent 1000000000 "a" }}'],
  ["indent of many lines", '{{ "a\\n" | repeat 100000 | indent 100000 }}'],
  ["nindent", '{{ nindent 1000000000 "a" }}'],
  ["replace", '{{ $s := repeat 10000 "a" }}{{ replace "a" $s $s }}'],
  ["replace between all characters", '{{ $s := repeat 10000 "a" }}{{ replace "" $s $s }}'],
  ["wrapWith", '{{ $s := repeat 100000 "a" }}{{ wrapWith 1 $s $s }}'],
  ["join", '{{ join (repeat 1000000 "a") (until 1000) }}'],
  ["until", "{{ until 1000000000000 }}"],
  ["until below zero", "{{ until -1000000000000 }}"],
  ["untilStep", "{{ untilStep 0 1000000000000 2 }}"],
  ["seq", "{{ seq 1000000000000 }}"],
  ["splitList", '{{ range until 100 }}{{ $_ := splitList "" (repeat 100000 "a") }}{{ end }}'],
  ["doubling lists", "{{ $l := list 1 }}{{ range until 60 }}{{ $l = concat $l $l }}{{ end }}"],
  ["doubling strings", '{{ $s := "a" }}{{ range until 60 }}{{ $s = cat $s $s }}{{ end }}'],
  ["uniq", "{{ uniq (until 100000) }}"],
  ["without", "{{ without (until 100000) -1 }}{{ range until 100 }}{{ $_ := uniq (until 1000) }}{{ end }}"],
  ["quote", '{{ range until 100 }}{{ $_ := quote (repeat 1000000 "\\xff") }}{{ end }}'],
  ["regexReplaceAll", '{{ $s := repeat 10000 "a" }}{{ regexReplaceAll "a" $s $s }}'],
  ["regexReplaceAllLiteral", '{{ $s := repeat 10000 "a" }}{{ regexReplaceAllLiteral "" $s $s }}'],
  ["regexFindAll", '{{ range until 1000 }}{{ $_ := regexFindAll "" (repeat 10000 "a") -1 }}{{ end }}'],
];

for (const [what, template] of GREEDY) {
  test(`${what} ends at a limit`, () => {
    const took = processorTime();
    assert.match(render(template, { limits: { milliseconds: 2000 } }), LIMIT);
    assert.ok(took() < 20_000);
  });
}

const FEW_STEPS = { limits: { steps: 100_000 } };

for (const call of [
  'splitList "" (repeat 300000 "a")',
  "until 300000",
  "reverse (until 60000)",
  "append (until 60000) 1",
  "concat (until 60000) (until 60000)",
  "slice (until 60000) 0",
  "chunk 1 (until 60000)",
  "toStrings (until 60000)",
]) {
  test(`each item takes a step: ${call}`, () => {
    assert.match(render(`{{ $_ := ${call} }}`, FEW_STEPS), LIMIT);
  });
}

for (const call of [
  'replace "x" "y" $s',
  'contains "x" $s',
  "trim $s",
  'trimAll "x" $s',
  "b64dec $s",
  "b32dec $s",
  "fromJson $s",
  "upper $s",
  'regexMatch "b" $s',
  'regexFind "b" $s',
  'splitList "x" $s',
]) {
  test(`a long text takes steps even where little comes of it: ${call}`, () => {
    const template = `{{ $s := repeat 1000000 "a" }}{{ range until 30 }}{{ $_ := ${call} }}{{ end }}`;
    assert.match(render(template, FEW_STEPS), LIMIT);
  });
}

/** A dictionary that holds the one before twice, sixty times over: small, but not when it is walked. */
const DOUBLED = '{{ $d := dict "x" 1 }}{{ range until 60 }}{{ $d = dict "a" $d "b" $d }}{{ end }}';
/** Two such, so that none is the other. */
const TWO = DOUBLED + DOUBLED.replaceAll("$d", "$e");

for (const use of [
  "toJson $d",
  "toPrettyJson $d",
  "toRawJson $d",
  "toString $d",
  "deepCopy $d",
  "join `` (list $d)",
  "dict $d 1",
]) {
  test(`what is walked many times ends at a limit: ${use}`, () => {
    assert.match(render(`${DOUBLED}{{ $_ := ${use} }}`, FEW_STEPS), LIMIT);
  });
}

for (const use of ["deepEqual $d $e", "has $d (list $e)", "uniq (list $d $e)", "merge $d $e"]) {
  test(`two of them together end at a limit: ${use}`, () => {
    assert.match(render(`${TWO}{{ $_ := ${use} }}`, FEW_STEPS), LIMIT);
  });
}

const RING = '{{ $d := dict "x" 1 }}{{ $_ := set $d "self" $d }}';

for (const [use, expected] of [
  ["toJson $d", ""],
  ["toPrettyJson $d", ""],
  [
    "toRawJson $d",
    "ERROR template: k:1:53: error calling toRawJson: a value that holds itself has no form in JSON",
  ],
  ["deepCopy $d", "ERROR template: k:1:53: error calling deepCopy: the value is nested too deeply"],
  [
    "toString $d",
    "ERROR template: k:1:53: error calling toString: a value nested too deeply cannot be printed",
  ],
] as const) {
  test(`a dictionary that holds itself does no harm: ${use}`, () => {
    assert.equal(render(`${RING}{{ ${use} }}`), expected);
  });
}

test("two dictionaries that hold themselves do no harm", () => {
  const two = RING + RING.replaceAll("$d", "$e");
  assert.match(render(`${two}{{ deepEqual $d $e }}`), /: the values are nested too deeply$/);
  assert.match(render(`${two}{{ merge $d $e }}`), /: the dictionaries are nested too deeply$/);
});

const DEEP = '{{ $d := dict }}{{ range until 3000 }}{{ $d = dict "a" $d }}{{ end }}';

test("nesting beyond what our stack takes is refused in our words", () => {
  assert.match(render(`${DEEP}{{ toJson $d }}`), /error calling toJson: the value is nested too deeply$/);
  assert.match(render(`${DEEP}{{ deepCopy $d }}`), /error calling deepCopy: the value is nested too deeply$/);
  const brackets = `{{ fromJson (cat (repeat 3000 "[") (repeat 3000 "]")) }}`;
  assert.match(render(brackets), /error calling fromJson: the JSON text has more than 1000 levels$/);
});

test("a thousand levels of JSON are read", () => {
  assert.equal(render('{{ fromJson (cat (repeat 999 "[") (repeat 999 "]")) | toJson | len }}'), "1998");
});

test("an integer or number of absurd length is read without absurd work", () => {
  const took = processorTime();
  assert.equal(render('{{ int (repeat 1000000 "9") }}'), "0");
  assert.equal(render('{{ atoi (repeat 1000000 "9") }}'), "9223372036854775807");
  assert.equal(render('{{ float64 (printf "0x%sp0" (repeat 1000000 "f")) }}'), "0");
  assert.ok(took() < 20_000);
});

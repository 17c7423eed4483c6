import assert from "node:assert/strict";
import { test } from "node:test";
import { processorTime } from "../../../support/processor-time.ts";
import { render } from "./function-rows.ts";

const LIMIT = /\(limit \w+ of \d+\)$/;
const many = (count: number, argument: string): string => `${argument} `.repeat(count);

/** Templates that make much work of little text. Each ends with a limit or a refusal of its own, and soon. */
const GREEDY: readonly (readonly [what: string, template: string, answer: RegExp])[] = [
  ["a product of many factors", `{{ mulf ${many(60_000, "1.7976931348623157e308")} }}`, LIMIT],
  ["a quotient by many divisors", `{{ divf 1 ${many(60_000, "1e-308")} }}`, LIMIT],
  [
    "a digest of much, again and again",
    '{{ $s := repeat 4000000 "x" }}{{ range until 1000 }}{{ $_ := sha512sum $s }}{{ end }}',
    LIMIT,
  ],
  ["a long layout", '{{ date (repeat 2000000 "January") 0 }}', LIMIT],
  ["many zones", '{{ range until 100000 }}{{ $_ := dateInZone "MST" 0 "Asia/Tokyo" }}{{ end }}', LIMIT],
  [
    "a long layout to read by",
    '{{ range until 100 }}{{ $_ := toDate (repeat 100000 "1 ") (repeat 100000 "1 ") }}{{ end }}',
    LIMIT,
  ],
  ["a URL that escapes to much more", '{{ urlJoin (dict "path" (repeat 4000000 "%")) }}', LIMIT],
  ["a URL to parse", '{{ urlParse (repeat 4000000 "%41") }}', LIMIT],
  ["a long constraint", '{{ semverCompare (repeat 100000 "1 ") "1" }}', /longer than 256 bytes$/],
  [
    "a constraint of spaces",
    '{{ semverCompare (cat (repeat 100 "1  ") "x!") "1" }}',
    /longer than 256 bytes$/,
  ],
  [
    "a constraint that is nearly one",
    '{{ semverCompare (printf "%s!" (repeat 85 "1  ")) "1" }}',
    /constraint is malformed$/,
  ],
  [
    "a range that is nearly one",
    '{{ semverCompare (printf "%s -" (repeat 250 "1")) "1" }}',
    /constraint is malformed$/,
  ],
  [
    "a version that is nearly one",
    '{{ semver (printf "1.2.3-%s!" (repeat 1000000 "a.")) }}',
    /version is malformed$/,
  ],
  [
    "a duration without a unit",
    '{{ mustDateModify (repeat 1000000 "1") (toDate "" "") }}',
    /duration is malformed$/,
  ],
  ["a ciphertext that is none", '{{ decryptAES "k" (repeat 4000000 "A=") }}', /is not base64$|limit/],
];

for (const [what, template, answer] of GREEDY) {
  test(`${what} ends soon`, () => {
    const took = processorTime();
    assert.match(render(template, { limits: { milliseconds: 20_000 } }), answer);
    assert.ok(took() < 5_000);
  });
}

test("sums and products of ordinary length cost nothing to speak of", () => {
  assert.equal(render(`{{ mulf ${many(100, "2")} }}`), "1.2676506002282294e+30");
  assert.equal(render(`{{ divf 1024 ${many(10, "2")} }}`), "1");
});

const MEBIBYTE = 1024 * 1024;
for (const call of [
  ...[
    "js",
    "html",
    "urlquery",
    "title",
    "untitle",
    "swapcase",
    "camelcase",
    "snakecase",
    "kebabcase",
    "quote",
  ],
  ...["toJson", "fromJson", "b32enc", "b32dec", "urlParse", 'splitList ""', 'replace "" "-"', 'printf "%q"'],
  ...['printf "%x"', 'printf "%#v"', "urlJoin"],
]) {
  test(`characters are paid for before they are looked at: ${call}`, () => {
    const [name = "", ...rest] = call.split(" ");
    const given =
      name === "urlJoin" ? '{{ urlJoin (dict "path" .s) }}' : `{{ ${name} ${rest.join(" ")} .s }}`;
    const text =
      name === "fromJson" ? JSON.stringify("\\".repeat(2 * MEBIBYTE)) : "<Aa_\xff".repeat(MEBIBYTE);
    const data = new Map([["s", Buffer.from(text, "latin1").subarray(0, 4 * MEBIBYTE)]]);
    const took = processorTime();
    assert.match(render(given, { data, limits: { steps: 250_000 } }), LIMIT);
    assert.ok(took() < 600, `${took()} ms`);
  });
}

for (const [what, template] of [
  ["a list of many literals", `{{ range until 2000 }}{{ $_ := list ${many(30_000, "1")} }}{{ end }}`],
  ["a choice of many", `{{ range until 2000 }}{{ $_ := or ${many(30_000, "0")} }}{{ end }}`],
  ["a long path", `{{ range until 2000 }}{{ $_ := $${".z".repeat(30_000)} }}{{ end }}`],
  [
    "a map that is sorted for one round",
    "{{ $d := fromJson .j }}{{ range until 2000 }}{{ range $d }}{{ break }}{{ end }}{{ end }}",
  ],
  [
    "long strings that begin alike",
    '{{ $l := list (cat .a "b") (cat .a "c") }}{{ range until 10 }}{{ $l = concat $l $l }}{{ end }}{{ sortAlpha $l }}',
  ],
  [
    "the same in search",
    '{{ $l := list (cat .a "b") (cat .a "c") }}{{ range until 10 }}{{ $l = concat $l $l }}{{ end }}{{ has (cat .a "d") $l }}',
  ],
] as const) {
  test(`what is gone through takes steps: ${what}`, () => {
    const entries = Array.from({ length: 20_000 }, (_, at) => `"k${at}":1`).join(",");
    const data = new Map([
      ["j", Buffer.from(`{${entries}}`)],
      ["a", Buffer.alloc(MEBIBYTE, "a")],
    ]);
    assert.match(render(template, { data, limits: { steps: 250_000 } }), /limit steps/);
  });
}

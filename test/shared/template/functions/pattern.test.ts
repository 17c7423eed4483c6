import assert from "node:assert/strict";
import { test } from "node:test";
import { patternSize } from "../../../../shared/pattern-size.ts";
import { processorTime } from "../../../support/processor-time.ts";
import { render } from "./function-rows.ts";

for (const [pattern, size] of [
  ["", 0],
  ["abc", 3],
  ["a{10}", 20],
  ["a{2,10}", 20],
  ["a{3,}", 6],
  ["(abc){10}", 60],
  ["((a{10}){10}){10}", 2330],
  ["[a-z]{10}", 20],
  ["[]a]{2}", 4],
  ["[^]a]{2}", 4],
  ["[[:alpha:]]{2}", 4],
  ["[\\]a]{2}", 4],
  ["\\pL\\p{Greek}{10}", 22],
  ["\\x{1F600}{10}", 20],
  ["\\(a{2}", 5],
  ["\\Q(a{9}\\E", 5],
  ["\\Qab", 2],
  ["a{,9}", 5],
  ["a{100000}", 2000],
  ["{2}a", 1 + 2],
  [")", 1],
  ["((", 4],
] as const) {
  test(`the size of ${pattern}`, () => assert.equal(patternSize(pattern), size));
}

test("a pattern may be so long, and so large when written out", () => {
  assert.equal(render(`{{ regexMatch (repeat 4096 "a") "b" }}`), "false");
  assert.match(render(`{{ regexMatch (repeat 4097 "a") "b" }}`), /: the pattern is longer than 4096 bytes$/);
  const tooLarge = /: the pattern is too large once its repetitions are written out$/;
  assert.match(render(`{{ regexMatch "(abcdefghij){1000}" "b" }}`), tooLarge);
  assert.match(render(`{{ regexMatch "((a{10}){10}(b{10}){10}){100}" "b" }}`), tooLarge);
  assert.equal(render(`{{ regexMatch "^[a-z0-9]{1,63}(\\\\.[a-z0-9]{1,63}){0,4}$" "a.b" }}`), "true");
});

test("a text may be so long for a pattern", () => {
  const pattern = "([a-z][a-z]){0,900}";
  assert.equal(render(`{{ regexFind "${pattern}" (repeat 1000 "a") | len }}`), "1000");
  for (const call of [`regexFind "${pattern}"`, `regexMatch "${pattern}"`]) {
    assert.match(
      render(`{{ ${call} (repeat 100000 "a") }}`),
      /: the text is too long for a pattern of this size$/,
    );
  }
});

test("searches that scan the rest again and again end at the limit on time", () => {
  const took = processorTime();
  const template = '{{ regexFindAll ".*b|a" (repeat 60000 "a") -1 | len }}';
  assert.match(render(template, { limits: { milliseconds: 500 } }), /^ERROR .*too much time/);
  // To the end it would take more than a minute.
  assert.ok(took() < 20_000);
});

test("a pattern is compiled once for a run", () => {
  const took = processorTime();
  const pattern = "(?i)[\\\\pL\\\\pN]".repeat(200);
  assert.equal(render(`{{ range until 2000 }}{{ if regexMatch "${pattern}" "b" }}x{{ end }}{{ end }}`), "");
  assert.ok(took() < 20_000);
});

test("patterns that hang a backtracking engine do no harm", () => {
  const took = processorTime();
  assert.equal(render('{{ regexMatch "^(a+)+$" (cat (repeat 5000 "a") "b") }}'), "false");
  assert.equal(render('{{ regexMatch "(x+x+)+y" (repeat 5000 "x") }}'), "false");
  assert.ok(took() < 20_000);
});

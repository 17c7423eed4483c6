import assert from "node:assert/strict";
import { test } from "node:test";
import { processorTime } from "../../../support/processor-time.ts";
import { render } from "./function-rows.ts";
import { renderFreely } from "./with-everything-allowed.ts";

/** A template, and what each of its results must look like. */
const SHAPES: readonly (readonly [template: string, shape: RegExp])[] = [
  ["{{ randAlpha 400 }}", /^[A-Za-z]{400}$/],
  ["{{ randAlphaNum 400 }}", /^[A-Za-z0-9]{400}$/],
  ["{{ randNumeric 400 }}", /^[0-9]{400}$/],
  ["{{ randAscii 400 }}", /^[ -~]{400}$/],
  ["{{ randBytes 30 }}", /^[A-Za-z0-9+/]{40}$/],
  ["{{ uuidv4 }}", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/],
  ["{{ randInt 100000 999999 }}", /^[1-9][0-9]{5}$/],
];

for (const [template, shape] of SHAPES) {
  test(`${template} has its shape and is another each time`, async () => {
    const results = [
      await renderFreely(template),
      await renderFreely(template),
      await renderFreely(template),
    ];
    for (const result of results) assert.match(result, shape);
    assert.equal(new Set(results).size, 3);
  });
}

test("every character of a set comes up, and no other", async () => {
  for (const [name, size] of [
    ["randAlpha", 52],
    ["randAlphaNum", 62],
    ["randNumeric", 10],
    ["randAscii", 95],
  ] as const) {
    const text = await renderFreely(`{{ ${name} 20000 }}`);
    assert.equal(new Set(text).size, size, name);
  }
});

test("bytes that would favour the first characters are passed over", () => {
  // 250 is beyond 4 · 62: modulo it would be "C". Then comes "A".
  const bytes = [250, 250, 0];
  const random = (length: number): Uint8Array => Uint8Array.from({ length }, () => bytes.shift() ?? 0);
  assert.equal(render("{{ randAlphaNum 1 }}", { random }), "A");
});

test("no count, or one below zero, gives nothing", async () => {
  assert.equal(await renderFreely("[{{ randAlpha 0 }}{{ randNumeric -5 }}{{ randBytes 0 }}]"), "[]");
  assert.match(await renderFreely("{{ randBytes -1 }}"), /^ERROR .*: the count is negative$/);
});

test("numbers lie in their range, ends included and excluded as in Go", async () => {
  const drawn = await renderFreely("{{ range until 300 }}{{ randInt -2 2 }} {{ end }}");
  assert.deepEqual([...new Set(drawn.trim().split(" "))].sort(), ["-1", "-2", "0", "1"]);
  for (const range of ["5 5", "5 4", "-9223372036854775808 9223372036854775807"])
    assert.match(await renderFreely(`{{ randInt ${range} }}`), /^ERROR .*no number between its arguments$/);
});

for (const name of ["randAlpha", "randAlphaNum", "randAscii", "randNumeric", "randBytes"]) {
  test(`${name} ends at a limit before it fills the memory`, async () => {
    const took = processorTime();
    assert.match(await renderFreely(`{{ ${name} 1000000000000 }}`), /^ERROR .*\(limit stringBytes of/);
    assert.ok(took() < 2_000);
  });
}

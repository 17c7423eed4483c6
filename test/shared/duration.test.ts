import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDurationMs } from "../../shared/duration.ts";

const durations: [string, number | null][] = [
  ["0", 0],
  ["+0", 0],
  ["0s", 0],
  ["720h", 2_592_000_000],
  ["1h30m", 5_400_000],
  ["1.5h", 5_400_000],
  [".5s", 500],
  ["1.s", 1000],
  ["2m", 120_000],
  ["250ms", 250],
  ["1us", 0.001],
  ["1µs", 0.001],
  ["1000000ns", 1],
  ["-1h", -3_600_000],
  ["+1h", 3_600_000],
  ["1h1h", 7_200_000],
  ["", null],
  ["-", null],
  ["30d", null],
  ["1w", null],
  ["720", null],
  ["h", null],
  [".h", null],
  ["1 h", null],
  [" 1h", null],
  ["1H", null],
  ["1h-1m", null],
  ["1e3s", null],
  ["Infinity", null],
];
for (const [text, ms] of durations) {
  test(`${JSON.stringify(text)} is ${ms === null ? "none" : `${ms} ms`}`, () => {
    assert.equal(parseDurationMs(text), ms);
  });
}

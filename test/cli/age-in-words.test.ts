import assert from "node:assert/strict";
import { test } from "node:test";
import { ageInWords } from "../../cli/age-in-words.ts";

const [MINUTE, HOUR, DAY, YEAR] = [60, 3600, 86_400, 365 * 86_400];

/** Seconds, and what kubectl prints for them; before and after each step. */
const AGES: readonly (readonly [seconds: number, words: string])[] = [
  [-300, "0s"],
  [0, "0s"],
  [45.9, "45s"],
  [2 * MINUTE - 1, "119s"],
  [2 * MINUTE, "2m"],
  [2 * MINUTE + 1, "2m1s"],
  [10 * MINUTE - 1, "9m59s"],
  [10 * MINUTE, "10m"],
  [3 * HOUR - 1, "179m"],
  [3 * HOUR, "3h"],
  [3 * HOUR + 20 * MINUTE, "3h20m"],
  [8 * HOUR - 1, "7h59m"],
  [8 * HOUR, "8h"],
  [2 * DAY - 1, "47h"],
  [2 * DAY, "2d"],
  [5 * DAY + 4 * HOUR, "5d4h"],
  [8 * DAY - 1, "7d23h"],
  [8 * DAY, "8d"],
  [2 * YEAR - 1, "729d"],
  [2 * YEAR, "2y"],
  [2 * YEAR + 3 * DAY, "2y3d"],
  [8 * YEAR - 1, "7y364d"],
  [8 * YEAR, "8y"],
];

test("ages are told as kubectl tells them", () => {
  for (const [seconds, words] of AGES) assert.equal(ageInWords(seconds * 1000), words);
  assert.equal(ageInWords(Number.NaN), "-");
});

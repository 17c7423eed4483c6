import assert from "node:assert/strict";
import { test } from "node:test";
import { listed } from "../../cli/listed.ts";

test("five are named, and those beyond them counted", () => {
  for (const [items, words] of [
    ["a", "a"],
    ["abcde", "a, b, c, d, e"],
    ["abcdef", "a, b, c, d, e and 1 more"],
    ["abcdefg", "a, b, c, d, e and 2 more"],
  ] as const)
    assert.equal(listed([...items]), words);
});

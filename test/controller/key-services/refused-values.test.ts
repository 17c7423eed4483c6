import assert from "node:assert/strict";
import { test } from "node:test";
import { RefusedValues } from "../../../controller/key-services/refused-values.ts";

const HOUR_MS = 60 * 60_000;

test("recalls what was remembered of the very same value, as long as it was to", () => {
  const clock = { now: 0 };
  const memory = new RefusedValues(() => clock.now);
  memory.remember(["kms", "a", "bc"], "not-authentic", HOUR_MS);
  memory.remember(["kms", "x"], "opens", 1000);
  assert.equal(memory.recall(["kms", "a", "bc"]), "not-authentic");
  assert.equal(memory.recall(["kms", "x"]), "opens");
  for (const other of [
    ["kms", "ab", "c"],
    ["kms", "abc"],
    ["vault", "a", "bc"],
    ["kms", "a", "bc", ""],
  ])
    assert.equal(memory.recall(other), undefined, other.join());
  clock.now = 1000;
  assert.equal(memory.recall(["kms", "x"]), undefined);
  clock.now = HOUR_MS - 1;
  assert.equal(memory.recall(["kms", "a", "bc"]), "not-authentic");
  clock.now = HOUR_MS;
  assert.equal(memory.recall(["kms", "a", "bc"]), undefined);
});

test("ten thousand are kept; those that were not asked for the longest make room", () => {
  const memory = new RefusedValues(() => 0);
  for (let at = 0; at < 10_000; at++) memory.remember(["kms", String(at)], "not-authentic", HOUR_MS);
  memory.recall(["kms", "0"]);
  memory.remember(["kms", "new"], "not-authentic", HOUR_MS);
  assert.equal(memory.recall(["kms", "0"]), "not-authentic");
  assert.equal(memory.recall(["kms", "1"]), undefined);
  assert.equal(memory.recall(["kms", "2"]), "not-authentic");
});

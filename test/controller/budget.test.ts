import assert from "node:assert/strict";
import { test } from "node:test";
import { Budget } from "../../controller/budget.ts";
import { RecentMap } from "../../controller/recent-map.ts";

function scene() {
  const state = { now: 0 };
  const budget = new Budget({ burst: 3, refillMs: 100, holders: 2, now: () => state.now });
  const taken = (holder: string, times: number) => Array.from({ length: times }, () => budget.take(holder));
  return { state, budget, taken };
}

test("the burst at once, then one for each while; never more than the burst", () => {
  const { state, taken } = scene();
  assert.deepEqual(taken("a", 4), [true, true, true, false]);
  state.now = 99;
  assert.deepEqual(taken("a", 1), [false]);
  state.now = 200;
  assert.deepEqual(taken("a", 3), [true, true, false]);
  state.now = 100_000;
  assert.deepEqual(taken("a", 4), [true, true, true, false]);
});

test("each holder has its own; who spent nothing for longest is forgotten first", () => {
  const { taken } = scene();
  taken("a", 3);
  taken("b", 3);
  taken("a", 1);
  taken("c", 1);
  assert.deepEqual(taken("a", 1), [false], "asked last, so still known");
  assert.deepEqual(taken("b", 1), [true]);
});

test("what was spent too much is owed", () => {
  const { state, budget } = scene();
  budget.spend("a", 5);
  assert.equal(budget.left("a"), -2);
  state.now = 250;
  assert.equal(budget.left("a"), 0.5);
  assert.equal(budget.take("a"), false);
});

test("a clock that is set back gives nothing and takes nothing", () => {
  const { state, budget } = scene();
  state.now = 1000;
  budget.spend("a", 2);
  state.now = 0;
  assert.equal(budget.left("a"), 1);
});

test("a recent map keeps what was used last", () => {
  const map = new RecentMap<number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.get("a");
  map.set("c", 3);
  assert.deepEqual([map.get("a"), map.get("b"), map.get("c")], [1, undefined, 3]);
  map.set("a", 4);
  map.set("d", 5);
  assert.deepEqual([map.get("a"), map.get("c"), map.get("d")], [4, undefined, 5]);
});

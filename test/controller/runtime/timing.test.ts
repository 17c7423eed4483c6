import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { backoffMs, doubledMs } from "../../../controller/runtime/backoff.ts";
import { systemClock } from "../../../controller/runtime/clock.ts";
import { DueHeap } from "../../../controller/runtime/due-heap.ts";

describe("backoff", () => {
  test("a wait that doubles up to the cap, without chance", () => {
    const waits = [0, 1, 2, 3, 4, 5_000].map((times) => doubledMs(times, { baseMs: 5, capMs: 30 }));
    assert.deepEqual(waits, [5, 10, 20, 30, 30, 30]);
    assert.equal(doubledMs(1_100, { baseMs: 0, capMs: 30 }), 0);
  });

  test("doubles up to the cap, half of it by chance", () => {
    const range = (failures: number) =>
      [0, 1].map((random) => backoffMs(failures, { baseMs: 100, capMs: 1_000 }, () => random));
    assert.deepEqual([1, 2, 3, 4, 5, 6, 5_000].map(range), [
      [50, 100],
      [100, 200],
      [200, 400],
      [400, 800],
      [500, 1_000],
      [500, 1_000],
      [500, 1_000],
    ]);
  });
});

describe("the machine's clock", () => {
  test("sleeps, and wakes with the signal's reason", async () => {
    const before = systemClock.monotonic();
    await systemClock.sleep(15);
    assert.ok(systemClock.monotonic() - before >= 15);
    await systemClock.sleep(0);
    const reason = new Error("enough");
    const aborting = new AbortController();
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    const sleeping = systemClock.sleep(2 ** 40, aborting.signal);
    setTimeout(() => aborting.abort(reason), 10);
    await assert.rejects(sleeping, (error) => error === reason);
    process.off("warning", onWarning);
    assert.deepEqual(warnings, []);
    await assert.rejects(systemClock.sleep(1_000, aborting.signal), (error) => error === reason);
  });

  test("now is the time of day", () => {
    assert.ok(Math.abs(systemClock.now() - Date.now()) < 60_000);
  });
});

test("due heap: the earliest comes first", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), (dues) => {
      const heap = new DueHeap();
      for (const dueAtMs of dues) heap.push({ dueAtMs });
      assert.equal(heap.size, dues.length);
      const out: number[] = [];
      for (let next = heap.pop(); next !== undefined; next = heap.pop()) out.push(next.dueAtMs);
      assert.deepEqual(
        out,
        dues.toSorted((a, b) => a - b),
      );
      assert.equal(heap.peek(), undefined);
    }),
  );
});

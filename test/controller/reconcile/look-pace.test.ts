import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FREE_LOOKS, LookPace } from "../../../controller/reconcile/look-pace.ts";

const MINUTE_MS = 60_000;

/** Takes so many looks, each as soon as it may be. @returns the waits before them. */
function waits(pace: LookPace, clock: { ms: number }, looks: number): number[] {
  return Array.from({ length: looks }, () => {
    const waitMs = pace.waitMs("a/x");
    clock.ms += waitMs;
    pace.looked("a/x");
    return waitMs;
  });
}

test("the first looks are free, then waits double from a second up to five minutes", () => {
  const clock = { ms: 0 };
  const pace = new LookPace(() => clock.ms);
  assert.deepEqual(
    waits(pace, clock, 15),
    [0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((seconds) => seconds * 1000),
  );
});

test("time that has passed counts towards the wait", () => {
  const clock = { ms: 0 };
  const pace = new LookPace(() => clock.ms);
  waits(pace, clock, FREE_LOOKS + 3);
  clock.ms += 7000;
  assert.equal(pace.waitMs("a/x"), 1000);
  clock.ms += 5000;
  assert.equal(pace.waitMs("a/x"), 0);
});

test("after ten quiet minutes looks are free again, and not before", () => {
  const clock = { ms: 0 };
  const pace = new LookPace(() => clock.ms);
  waits(pace, clock, 12);
  assert.equal(pace.repaired("a/x"), 1);
  clock.ms += 10 * MINUTE_MS;
  pace.looked("a/x");
  assert.equal(pace.waitMs("a/x"), 5 * MINUTE_MS);
  assert.equal(pace.repaired("a/x"), 2);
  clock.ms += 10 * MINUTE_MS + 1;
  assert.deepEqual(waits(pace, clock, 4), [0, 0, 0, 1000]);
  assert.equal(pace.repaired("a/x"), 1);
});

test("objects do not slow each other, and one that is gone is forgotten", () => {
  const clock = { ms: 0 };
  const pace = new LookPace(() => clock.ms);
  waits(pace, clock, 8);
  assert.equal(pace.waitMs("a/y"), 0);
  assert.ok(pace.waitMs("a/x") > 0);
  pace.forget("a/x");
  assert.equal(pace.waitMs("a/x"), 0);
});

test("whoever writes a Secret without end has it looked at some twenty times in an hour, at any rhythm", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60_000 }), (everyMs) => {
      let nowMs = 0;
      let looks = 0;
      const pace = new LookPace(() => nowMs);
      for (; nowMs < 60 * MINUTE_MS; nowMs += everyMs) {
        if (pace.waitMs("a/x") > 0) continue;
        pace.looked("a/x");
        looks += 1;
      }
      assert.ok(looks <= 24, `${looks} looks`);
      assert.ok(looks >= 12, `${looks} looks`);
    }),
    { numRuns: 30 },
  );
});

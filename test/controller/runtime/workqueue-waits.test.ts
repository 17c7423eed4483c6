import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Workqueue } from "../../../controller/runtime/workqueue.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { Hands, queueOn, running } from "./workqueue-scene.ts";

describe("workqueue: what waits for a time", () => {
  test("failures wait longer each time, up to the cap, for ever; success forgets them", async () => {
    const clock = new FakeClock();
    const told: [string, number, number][] = [];
    const queue = queueOn(clock, {
      backoff: { baseMs: 100, capMs: 1_000 },
      onFailure: (key, error, failures, retryInMs) => {
        assert.match(String(error), /no/);
        told.push([key, failures, Math.round(retryInMs)]);
      },
    });
    const at: number[] = [];
    let failing = true;
    await running(
      queue,
      2,
      async () => {
        at.push(Math.round(clock.monotonic()));
        if (failing) throw new Error("no");
        return undefined;
      },
      async () => {
        queue.add("a");
        await clock.advance(4_000);
        assert.deepEqual(at, [0, 100, 300, 700, 1_500, 2_500, 3_500]);
        assert.deepEqual([queue.failures("a"), queue.stats.failing, queue.stats.delayed], [7, 1, 1]);
        failing = false;
        await clock.advance(1_000);
        assert.deepEqual([queue.failures("a"), queue.stats.failing, queue.stats.delayed], [0, 0, 0]);
        failing = true;
        queue.add("a");
        await clock.advance(0);
        assert.deepEqual(told.at(-1), ["a", 1, 100]);
      },
    );
  });

  test("the wait between two tries is random in its upper half", async () => {
    const clock = new FakeClock();
    const waits: number[] = [];
    const queue = new Workqueue({
      clock,
      random: () => 0,
      backoff: { baseMs: 100, capMs: 150 },
      onFailure: (_key, _error, _failures, retryInMs) => waits.push(retryInMs),
    });
    await running(
      queue,
      1,
      async () => {
        throw new Error("no");
      },
      async () => {
        queue.add("a");
        await clock.advance(200);
      },
    );
    assert.deepEqual(waits, [50, 75, 75, 75]);
  });

  test("an add does not wait for the backoff and makes the waiting retry needless", async () => {
    const clock = new FakeClock();
    const queue = queueOn(clock, { backoff: { baseMs: 1_000, capMs: 1_000 } });
    let tries = 0;
    await running(
      queue,
      1,
      async () => {
        tries += 1;
        if (tries === 1) throw new Error("no");
        return undefined;
      },
      async () => {
        queue.add("a");
        await clock.advance(10);
        queue.add("a");
        await clock.advance(10_000);
        assert.equal(tries, 2);
      },
    );
  });

  test("a failure after such an add waits its full time", async () => {
    const clock = new FakeClock();
    const queue = queueOn(clock, { backoff: { baseMs: 1_000, capMs: 8_000 } });
    const at: number[] = [];
    await running(
      queue,
      1,
      async () => {
        at.push(Math.round(clock.monotonic()));
        throw new Error("no");
      },
      async () => {
        queue.add("a");
        await clock.advance(10);
        queue.add("a");
        await clock.advance(3_000);
        assert.deepEqual(at, [0, 10, 2_010]);
      },
    );
  });

  test("addAfter: the earliest wish counts; requeueAfterMs is one; forget leaves it", async () => {
    const clock = new FakeClock();
    const queue = queueOn(clock);
    const at: number[] = [];
    await running(
      queue,
      1,
      async () => {
        at.push(clock.monotonic());
        return at.length === 1 ? { requeueAfterMs: 700 } : undefined;
      },
      async () => {
        queue.addAfter("a", 500);
        queue.addAfter("a", 300);
        queue.addAfter("a", 400);
        queue.forget("a");
        assert.equal(queue.stats.delayed, 1);
        await clock.advance(5_000);
        assert.deepEqual(at, [300, 1_000]);
      },
    );
  });

  test("what was delayed before the run is released in it", async () => {
    const clock = new FakeClock();
    const queue = queueOn(clock);
    const order: string[] = [];
    for (const [key, ms] of [
      ["c", 30],
      ["a", 10],
      ["d", 40],
      ["b", 20],
    ] as const)
      queue.addAfter(key, ms);
    await clock.advance(25);
    await running(
      queue,
      1,
      async (key) => {
        order.push(key);
        return undefined;
      },
      () => clock.advance(100),
    );
    assert.deepEqual(order, ["a", "b", "c", "d"]);
  });

  test("a key forgotten while it is in hand: a failure then is the first; what was added since stands", async () => {
    const clock = new FakeClock();
    const queue = queueOn(clock, { backoff: { baseMs: 100, capMs: 800 } });
    const hands = new Hands();
    await hands.run(queue, 1, async () => {
      queue.add("a");
      await settle();
      for (const waitMs of [100, 200]) {
        await hands.end("a", true);
        await clock.advance(waitMs);
      }
      assert.deepEqual([hands.seen.length, queue.failures("a"), queue.stats.working], [3, 2, 1]);
      queue.forget("a");
      assert.deepEqual([queue.failures("a"), queue.stats.failing, queue.stats.working], [0, 0, 1]);
      // Whoever worked on it may have left something behind, which one more handling clears away.
      await hands.end("a", true);
      assert.deepEqual([queue.failures("a"), queue.stats.delayed], [1, 1]);
      await clock.advance(100);
      assert.deepEqual([hands.seen.length, queue.stats.working], [4, 1]);
      queue.forget("a");
      queue.add("a");
      await hands.end("a");
      assert.deepEqual([hands.seen.length, queue.stats.working], [5, 1]);
      await hands.end("a");
      assert.deepEqual([queue.stats.failing, queue.stats.ready, queue.stats.delayed], [0, 0, 0]);
    });
  });
});

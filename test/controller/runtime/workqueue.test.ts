import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { systemClock } from "../../../controller/runtime/clock.ts";
import { FairOrder } from "../../../controller/runtime/fair-order.ts";
import type { Priority } from "../../../controller/runtime/ready-order.ts";
import { type Handled, Workqueue } from "../../../controller/runtime/workqueue.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { Hands, queueOn, running } from "./workqueue-scene.ts";

describe("workqueue", () => {
  test("a key waits once; new ones go before resync, each in order; a raise counts", async () => {
    const queue = queueOn(new FakeClock());
    for (const key of ["r1", "r2", "r3"]) queue.add(key, "resync");
    for (const key of ["n1", "n2", "n1"]) queue.add(key);
    queue.add("r2", "new");
    queue.add("n1", "resync");
    assert.deepEqual([queue.stats.ready, queue.stats.adds], [5, 5]);
    const order: string[] = [];
    await running(
      queue,
      1,
      async (key, priority) => {
        order.push(`${key} ${priority}`);
        return undefined;
      },
      settle,
    );
    assert.deepEqual(order, ["n1 new", "n2 new", "r2 new", "r1 resync", "r3 resync"]);
  });

  test("a key in hand is not handed out again; added meanwhile, it comes afterwards, once", async () => {
    const queue = queueOn(new FakeClock());
    const hands: (() => void)[] = [];
    const seen: string[] = [];
    await running(
      queue,
      3,
      async (key, priority) => {
        seen.push(`${key} ${priority}`);
        await new Promise<void>((resolve) => hands.push(resolve));
        return undefined;
      },
      async () => {
        queue.add("a", "resync");
        await settle();
        queue.add("a", "resync");
        queue.add("a", "new");
        queue.add("a", "resync");
        queue.add("b");
        await settle();
        assert.deepEqual(seen, ["a resync", "b new"]);
        assert.deepEqual([queue.stats.working, queue.stats.ready], [2, 0]);
        hands.shift()?.();
        await settle();
        assert.deepEqual(seen, ["a resync", "b new", "a new"]);
        for (const free of hands) free();
        await settle();
        assert.equal(seen.length, 3);
        assert.equal(queue.stats.adds, 3);
      },
    );
  });

  test("the run ends when the work under way has ended; waiting keys stay for the next run", async () => {
    const clock = new FakeClock();
    const queue = queueOn(clock);
    const stopping = new AbortController();
    let finish: () => void = () => undefined;
    let ended = false;
    const seen: string[] = [];
    const handle = async (key: string) => {
      seen.push(key);
      if (key === "a") await new Promise<void>((resolve) => (finish = resolve));
      return undefined;
    };
    const run = queue.run(1, handle, stopping.signal).then(() => {
      ended = true;
    });
    queue.add("a");
    queue.add("b");
    queue.addAfter("c", 10);
    await settle();
    stopping.abort();
    await settle();
    assert.equal(ended, false);
    finish();
    await run;
    assert.deepEqual(seen, ["a"]);
    assert.equal(clock.sleepers, 0);
    await running(queue, 2, handle, () => clock.advance(20));
    assert.deepEqual(seen, ["a", "b", "c"]);
    assert.deepEqual([queue.stats.ready, queue.stats.working, queue.stats.delayed], [0, 0, 0]);
  });

  test("a run whose signal is aborted already does nothing", async () => {
    const queue = queueOn(new FakeClock());
    queue.add("a");
    await queue.run(2, async () => assert.fail("handled"), AbortSignal.abort());
    assert.equal(queue.stats.ready, 1);
  });

  test("how long keys wait for a worker and how long they are in hand", async () => {
    const clock = new FakeClock();
    const queue = queueOn(clock, { backoff: { baseMs: 50, capMs: 50 } });
    const ages = () => [queue.stats.oldestReadyMs, queue.stats.longestInHandMs];
    const hands = new Hands();
    assert.deepEqual(ages(), [0, 0]);
    queue.add("a");
    await clock.advance(10);
    queue.add("b", "resync");
    queue.add("a", "resync");
    await clock.advance(10);
    assert.deepEqual(ages(), [20, 0]);
    await hands.run(queue, 2, async () => {
      await clock.advance(5);
      // Both are in hand; c comes when nobody is free, and a once more.
      assert.deepEqual(ages(), [0, 5]);
      queue.add("c");
      await clock.advance(3);
      queue.add("a");
      await clock.advance(4);
      assert.deepEqual(ages(), [7, 12]);
      await hands.end("a");
      await clock.advance(2);
      assert.deepEqual(hands.seen, ["a", "b", "c"]);
      // a waits since it was handed back.
      assert.deepEqual(ages(), [2, 14]);
      await hands.end("b");
      await clock.advance(1);
      assert.deepEqual(ages(), [0, 3]);
      await hands.end("c", true);
      await hands.end("a");
      await clock.advance(49);
      // What waits for a moment does not wait for a worker.
      assert.deepEqual([...ages(), queue.stats.delayed], [0, 0, 1]);
      await clock.advance(5);
      assert.deepEqual(ages(), [0, 4]);
    });
    assert.deepEqual(ages(), [0, 0]);
  });

  test("an order that holds keys back: workers sleep meanwhile and wake when a key is handed back", async () => {
    const groupOf = (key: string) => key.slice(0, 1);
    const queue = queueOn(new FakeClock(), { order: new FairOrder({ groupOf, mostInHand: 2 }) });
    const hands = new Hands();
    await hands.run(queue, 4, async () => {
      for (const key of ["a1", "a2", "a3", "a4", "b1"]) queue.add(key);
      await settle();
      assert.deepEqual(hands.seen, ["a1", "b1", "a2"]);
      assert.deepEqual([queue.stats.ready, queue.stats.working], [2, 3]);
      queue.add("b2");
      await settle();
      assert.deepEqual(hands.seen.splice(0), ["a1", "b1", "a2", "b2"]);
      await hands.end("b1");
      assert.deepEqual(hands.seen, []);
      await hands.end("a2");
      assert.deepEqual(hands.seen, ["a3"]);
      // To come again, it queues behind who waits longer.
      queue.add("a1");
      await hands.end("a1");
      assert.deepEqual(hands.seen, ["a3", "a4"]);
      await hands.end("a3");
      assert.deepEqual(hands.seen, ["a3", "a4", "a1"]);
    });
    assert.deepEqual([queue.stats.ready, queue.stats.working], [0, 0]);
  });

  test("with the machine's clock", async () => {
    const queue = new Workqueue({ clock: systemClock, backoff: { baseMs: 1, capMs: 2 } });
    const done = Promise.withResolvers<void>();
    let tries = 0;
    await running(
      queue,
      2,
      async () => {
        tries += 1;
        if (tries < 4) throw new Error("no");
        done.resolve();
        return undefined;
      },
      async () => {
        queue.addAfter("a", 2);
        await done.promise;
      },
    );
    assert.equal(tries, 4);
  });
});

type Step =
  | { kind: "add"; key: string; priority: Priority }
  | { kind: "addAfter"; key: string; ms: number }
  | { kind: "forget"; key: string }
  | { kind: "advance"; ms: number }
  | { kind: "restart" };

const aKey = fc.constantFrom("a", "b", "c", "d");
const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("add" as const),
      key: aKey,
      priority: fc.constantFrom<Priority>("new", "resync"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("addAfter" as const), key: aKey, ms: fc.nat(300) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("forget" as const), key: aKey }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(200) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
);

describe("workqueue, whatever happens", () => {
  test("no wish is lost, no key is in two hands, and it comes to rest", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(aStep, { maxLength: 40 }),
        fc.array(fc.record({ takesMs: fc.nat(60), fails: fc.boolean() }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        async (steps, behaviours, workers, fair) => {
          const clock = new FakeClock();
          const queue = queueOn(clock, {
            backoff: { baseMs: 10, capMs: 50 },
            ...(fair ? { order: new FairOrder({ groupOf: (key) => `${key > "b"}`, mostInHand: 1 }) } : {}),
          });
          const inHand = new Set<string>();
          /** When the last wish for a key was due, and when its handling last began. */
          const wishedAt = new Map<string, number>();
          const begunAt = new Map<string, number>();
          let turn = 0;
          const handle = async (key: string): Promise<Handled> => {
            assert.ok(!inHand.has(key), `${key} is in two hands`);
            inHand.add(key);
            begunAt.set(key, clock.monotonic());
            // The last behaviour stays, and ends well: then everything comes to rest.
            const { takesMs, fails } = behaviours[turn++] ?? { takesMs: 1, fails: false };
            await clock.sleep(takesMs);
            inHand.delete(key);
            if (fails) throw new Error("no");
            return undefined;
          };
          let stopping = new AbortController();
          let run = queue.run(workers, handle, stopping.signal);
          for (const step of steps) {
            if (step.kind === "add") {
              queue.add(step.key, step.priority);
              wishedAt.set(step.key, Math.max(wishedAt.get(step.key) ?? 0, clock.monotonic()));
            } else if (step.kind === "addAfter") {
              queue.addAfter(step.key, step.ms);
              // An earlier wish may stand for this one: then only that one is promised.
              if (!wishedAt.has(step.key)) wishedAt.set(step.key, clock.monotonic());
            } else if (step.kind === "forget") queue.forget(step.key);
            else if (step.kind === "advance") await clock.advance(step.ms);
            else {
              stopping.abort();
              await clock.advance(60);
              await run;
              stopping = new AbortController();
              run = queue.run(workers, handle, stopping.signal);
            }
          }
          await clock.advance(20_000);
          assert.equal(inHand.size, 0);
          const { ready, working, delayed, failing, oldestReadyMs, longestInHandMs } = queue.stats;
          assert.deepEqual([ready, working, delayed, failing], [0, 0, 0, 0]);
          assert.deepEqual([oldestReadyMs, longestInHandMs], [0, 0]);
          for (const [key, wished] of wishedAt)
            assert.ok((begunAt.get(key) ?? -1) >= wished, `${key} was wished at ${wished} and not handled`);
          stopping.abort();
          await run;
          assert.equal(clock.sleepers, 0);
        },
      ),
      { numRuns: 150 },
    );
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FairOrder } from "../../../controller/runtime/fair-order.ts";
import { Workqueue } from "../../../controller/runtime/workqueue.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";

/** A queue whose handlers wait for the test: keys that begin with `far` wait with their place lent. */
function scene(workers: number, spare: number) {
  const order = new FairOrder({ groupOf: (key) => key.split("/")[0] ?? "", mostInHand: 100 });
  const queue = new Workqueue({ clock: new FakeClock(), random: () => 0, order });
  const begun: string[] = [];
  const waiting = new Map<string, () => void>();
  const inHand = { near: 0, far: 0, mostNear: 0, most: 0 };
  const stopping = new AbortController();
  const wait = (key: string) => new Promise<void>((resolve) => waiting.set(key, resolve));
  const handle = async (key: string) => {
    begun.push(key);
    const kind = key.startsWith("far") ? "far" : "near";
    inHand[kind] += 1;
    inHand.most = Math.max(inHand.most, inHand.near + inHand.far);
    inHand.mostNear = Math.max(inHand.mostNear, inHand.near);
    await (kind === "far" ? queue.lendPlace(() => wait(key)) : wait(key));
    inHand[kind] -= 1;
    return undefined;
  };
  const run = queue.run(workers, handle, stopping.signal, spare);
  const end = async (key: string) => {
    waiting.get(key)?.();
    waiting.delete(key);
    await settle();
  };
  const stop = async () => {
    stopping.abort();
    while (waiting.size > 0) for (const key of [...waiting.keys()]) await end(key);
    await run;
  };
  return { queue, begun, waiting, inHand, end, stop };
}

test("keys that wait for somebody else hold up no others; keys under work do", async () => {
  const { queue, begun, end, stop } = scene(2, 10);
  for (const key of ["far/1", "far/2", "far/3", "near/1", "near/2", "near/3"]) queue.add(key);
  await settle();
  assert.deepEqual(
    begun,
    ["far/1", "near/1", "far/2", "near/2"],
    "two places, of which none waits for others",
  );
  await end("near/1");
  assert.deepEqual(begun.slice(4), ["far/3", "near/3"]);
  await stop();
});

test("a place that is lent is taken by a key that comes later", async () => {
  const { queue, begun, stop } = scene(1, 1);
  queue.add("far/1");
  await settle();
  queue.add("near/1");
  await settle();
  assert.deepEqual(begun, ["far/1", "near/1"]);
  await stop();
});

test("a place that is lent later is taken by a key that waits for one by then", async () => {
  const queue = new Workqueue({ clock: new FakeClock(), random: () => 0 });
  const stopping = new AbortController();
  const [working, waiting] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const begun: string[] = [];
  const handle = async (key: string) => {
    begun.push(key);
    if (key !== "first") return undefined;
    await working.promise;
    await queue.lendPlace(() => waiting.promise);
    return undefined;
  };
  const run = queue.run(1, handle, stopping.signal, 1);
  for (const key of ["first", "second"]) queue.add(key);
  await settle();
  assert.deepEqual(begun, ["first"]);
  working.resolve();
  await settle();
  assert.deepEqual(begun, ["first", "second"]);
  waiting.resolve();
  stopping.abort();
  await run;
});

test("so many wait beside the others, and no more", async () => {
  const { queue, begun, end, stop } = scene(2, 3);
  for (let at = 1; at <= 9; at++) queue.add(`far/${at}`);
  await settle();
  assert.equal(begun.length, 5);
  await end("far/1");
  assert.equal(begun.length, 6);
  await stop();
});

test("without spare places a wait holds its worker", async () => {
  const { queue, begun, stop } = scene(1, 0);
  queue.add("far/1");
  await settle();
  queue.add("near/1");
  await settle();
  assert.deepEqual(begun, ["far/1"]);
  await stop();
});

test("whatever waits and ends in whatever order, bounds hold and each key has its turn", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.integer({ min: 0, max: 4 }),
      fc.array(fc.constantFrom("far", "near"), { maxLength: 12 }),
      fc.array(fc.nat({ max: 11 }), { maxLength: 30 }),
      async (workers, spare, kinds, ends) => {
        const { queue, begun, waiting, inHand, end, stop } = scene(workers, spare);
        const keys = kinds.map((kind, at) => `${kind}/${at}`);
        for (const key of keys) queue.add(key);
        await settle();
        for (const at of ends) {
          const key = [...waiting.keys()][at % Math.max(1, waiting.size)];
          if (key !== undefined) await end(key);
          assert.ok(
            inHand.near + inHand.far >= Math.min(workers, keys.length - begun.length),
            "a place stands empty",
          );
        }
        assert.ok(inHand.mostNear <= workers, `${inHand.mostNear} under work on ${workers} places`);
        assert.ok(inHand.most <= workers + spare);
        while (waiting.size > 0) for (const key of [...waiting.keys()]) await end(key);
        assert.deepEqual(begun.toSorted(), keys.toSorted());
        await stop();
      },
    ),
    { numRuns: 200 },
  );
});

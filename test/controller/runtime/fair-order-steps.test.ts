import assert from "node:assert/strict";
import { Session } from "node:inspector/promises";
import { test } from "node:test";
import { FairOrder } from "../../../controller/runtime/fair-order.ts";

const groupOf = (key: string) => key.slice(0, key.indexOf("/"));

/**
 * How many blocks of the sources named each piece of work runs through, as the engine counts them. It counts in functions
 * only that nobody has called before; so these tests have a file of their own.
 */
async function stepsOf(sources: RegExp, works: readonly (() => void)[]): Promise<number[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    const steps: number[] = [];
    for (const work of works) {
      work();
      const { result } = await session.post("Profiler.takePreciseCoverage");
      const ranges = result
        .filter(({ url }) => sources.test(url))
        .flatMap(({ functions }) => functions.flatMap((one) => one.ranges));
      steps.push(ranges.reduce((sum, { count }) => sum + count, 0));
    }
    return steps;
  } finally {
    session.disconnect();
  }
}

/** Puts so many keys of a tenth as many groups, raises half of them, and works them off by ten workers. */
function workOff(count: number): void {
  const order = new FairOrder({ groupOf, mostInHand: 2 });
  const key = (i: number) => `${i % (count / 10)}/${i}`;
  for (let i = 0; i < count; i++) order.put(key(i), i % 3 === 0 ? "new" : "resync");
  for (let i = 0; i < count; i += 2) order.put(key(i), "new");
  const inHand: string[] = [];
  while (order.size > 0) {
    const next = order.take();
    if (next !== null) inHand.push(next.key);
    if (next === null || inHand.length === 10) for (const held of inHand.splice(0)) order.done(held);
  }
}

test("an operation takes as many steps with 10,000 keys in 1,000 groups as with 100 in 10", async () => {
  const sources = /\/runtime\/(fair-order|fifo)\.ts$/;
  const [few = 0, many = 0] = await stepsOf(sources, [() => workOff(100), () => workOff(10_000)]);
  const [perKey, perKeyOfMany] = [few / 100, many / 10_000];
  assert.ok(perKey > 10 && perKeyOfMany < perKey * 1.1, `${perKey} and ${perKeyOfMany} steps for each key`);
});

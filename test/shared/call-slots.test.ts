import assert from "node:assert/strict";
import { test } from "node:test";
import { CallSlots } from "../../shared/call-slots.ts";

const never = new AbortController().signal;

/** A call that ends when it is told to. */
function heldCall(log: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const call = () => {
    log.push(name);
    return promise;
  };
  return { call, end: () => resolve(name), fail: () => reject(new Error(name)) };
}

test("calls wait in order, and one that fails lets the next one in, too", async () => {
  const log: string[] = [];
  const slots = new CallSlots(2);
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => heldCall(log, name)) as [
    ReturnType<typeof heldCall>,
    ReturnType<typeof heldCall>,
    ReturnType<typeof heldCall>,
    ReturnType<typeof heldCall>,
  ];
  const results = [a, b, c, d].map(({ call }) => slots.run([], call, never));
  const settled = Promise.allSettled(results);
  assert.deepEqual(log, ["a", "b"]);
  b.fail();
  await assert.rejects(results[1] ?? Promise.resolve(), /b/);
  assert.deepEqual(log, ["a", "b", "c"]);
  a.end();
  assert.equal(await results[0], "a");
  assert.deepEqual(log, ["a", "b", "c", "d"]);
  c.end();
  d.end();
  await settled;
});

test("who leaves the queue takes nobody's turn", async () => {
  const log: string[] = [];
  const slots = new CallSlots(1);
  const [a, b, c] = [heldCall(log, "a"), heldCall(log, "b"), heldCall(log, "c")];
  const leaving = new AbortController();
  const first = slots.run([], a.call, never);
  const second = slots.run([], b.call, leaving.signal);
  const third = slots.run([], c.call, never);
  leaving.abort(new Error("left"));
  await assert.rejects(second, /left/);
  a.end();
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(log, ["a", "c"]);
  c.end();
  assert.equal(await third, "c");
  await assert.rejects(slots.run([], b.call, leaving.signal), /left/);
  // An abort after its turn has come is the call's own affair.
  const late = new AbortController();
  const d = heldCall(log, "d");
  const running = slots.run([], d.call, late.signal);
  late.abort(new Error("late"));
  d.end();
  assert.equal(await running, "d");
});

test("a group has no more than its part, and leaves the rest to others", async () => {
  const log: string[] = [];
  const slots = new CallSlots(4, 3, 2);
  const run = (region: string, key: string) => {
    const held = heldCall(log, `${region}${key}`);
    return { ...held, done: slots.run([region, key], held.call, never) };
  };
  const [a1, a2, a3] = [run("a", "1"), run("a", "1"), run("a", "1")];
  const [b1, b2] = [run("a", "2"), run("a", "2")];
  assert.deepEqual(log, ["a1", "a1", "a2"], "two of a key, three of a region");
  const c = run("c", "1");
  const d = run("d", "1");
  assert.deepEqual(log, ["a1", "a1", "a2", "c1"], "four in all");
  c.end();
  await c.done;
  assert.deepEqual(log.slice(4), ["d1"], "who waits longer has no part left");
  b1.end();
  await b1.done;
  assert.deepEqual(log.slice(5), ["a2"], "of those that wait the first that may");
  a1.end();
  await a1.done;
  assert.deepEqual(log.slice(6), ["a1"]);
  for (const { end, done } of [a2, a3, b2, d]) {
    end();
    await done;
  }
  // Nothing stays counted.
  const again = Array.from({ length: 2 }, () => run("a", "1"));
  assert.deepEqual(log.slice(7), ["a1", "a1"]);
  for (const { end } of again) end();
  await Promise.all(again.map(({ done }) => done));
});

test("the same name in another group is another group", async () => {
  const log: string[] = [];
  const slots = new CallSlots(9, 9, 1);
  const held = ["a", "b"].map((region) => ({ region, ...heldCall(log, region) }));
  const running = held.map(({ region, call }) => slots.run([region, "key"], call, never));
  assert.deepEqual(log, ["a", "b"]);
  for (const { end } of held) end();
  await Promise.all(running);
});

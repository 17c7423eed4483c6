import assert from "node:assert/strict";
import { test } from "node:test";
import { CallSlots } from "../../../shared/aws/call-slots.ts";

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
  const results = [a, b, c, d].map(({ call }) => slots.run(call, never));
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
  const first = slots.run(a.call, never);
  const second = slots.run(b.call, leaving.signal);
  const third = slots.run(c.call, never);
  leaving.abort(new Error("left"));
  await assert.rejects(second, /left/);
  a.end();
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(log, ["a", "c"]);
  c.end();
  assert.equal(await third, "c");
  await assert.rejects(slots.run(b.call, leaving.signal), /left/);
  // An abort after its turn has come is the call's own affair.
  const late = new AbortController();
  const d = heldCall(log, "d");
  const running = slots.run(d.call, late.signal);
  late.abort(new Error("late"));
  d.end();
  assert.equal(await running, "d");
});

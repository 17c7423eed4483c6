import assert from "node:assert/strict";
import { test } from "node:test";
import { WakeUp } from "../../../controller/keys/wake-up.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const never = new AbortController().signal;

test("a sleep ends when its time is up", async () => {
  const clock = new FakeClock();
  const slept = new WakeUp(clock).sleep(1000, never);
  await clock.advance(1000);
  assert.equal(await slept, false);
});

test("a call ends the sleep, and that one only", async () => {
  const clock = new FakeClock();
  const wakeUp = new WakeUp(clock);
  const slept = wakeUp.sleep(1000, never);
  wakeUp.call();
  await clock.advance(1);
  assert.equal(clock.sleepers, 0);
  assert.equal(await slept, true);
  const again = wakeUp.sleep(1000, never);
  await clock.advance(1000);
  assert.equal(await again, false);
});

test("a call while nobody sleeps ends the next sleep", async () => {
  const clock = new FakeClock();
  const wakeUp = new WakeUp(clock);
  wakeUp.call();
  wakeUp.call();
  const slept = wakeUp.sleep(1000, never);
  await clock.advance(1);
  assert.equal(clock.sleepers, 0);
  await clock.advance(1000);
  assert.equal(await slept, true);
});

test("an aborted signal ends the sleep without a call", async () => {
  const ending = new AbortController();
  const slept = new WakeUp(new FakeClock()).sleep(1000, ending.signal);
  ending.abort();
  assert.equal(await slept, false);
});

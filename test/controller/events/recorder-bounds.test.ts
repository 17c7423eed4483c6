import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { NotLeadingError } from "../../../controller/runtime/term.ts";
import { settle } from "../../support/fake-clock.ts";
import { lookUntil } from "../../support/look-until.ts";
import { patienceMs } from "../../support/patience.ts";
import { ABOUT, FAILED, objectNumber, recorderScene, refusal, UNSEALED } from "./recorder-scene.ts";

test("a flood of objects is written whole, one event at a time", async () => {
  const { events, requests, state, counted } = recorderScene();
  for (let number = 0; number < 20_000; number++) events.record(objectNumber(number), UNSEALED);
  await events.flush(120_000);
  assert.equal(requests.length, 20_000);
  assert.equal(state.mostInFlight, 1);
  assert.deepEqual(await counted(), { written: 20_000, failed: 0, dropped: 0 });
});

test("the queue has a bound: recording never waits and never grows without end", async () => {
  const held = Promise.withResolvers<void>();
  const { events, requests, counted } = recorderScene([null], held.promise);
  for (let number = 0; number < 20_005; number++) events.record(objectNumber(number), UNSEALED);
  held.resolve();
  await events.flush(120_000);
  assert.equal(requests.length, 20_001, "one in hand and 20,000 that wait");
  assert.deepEqual(await counted(), { written: 20_001, failed: 0, dropped: 4 });
});

test("a flood of one namespace neither holds up nor pushes out what is told of another, or of a key", async () => {
  const held = Promise.withResolvers<void>();
  const { events, requests, counted } = recorderScene([null], held.promise);
  const inNamespace = (namespace: string) => ({ ...ABOUT, metadata: { ...ABOUT.metadata, namespace } });
  for (let number = 0; number < 20_001; number++) events.record(objectNumber(number), UNSEALED);
  events.record(inNamespace("other"), FAILED);
  events.record(inNamespace("kube-system"), FAILED);
  for (let number = 0; number < 100; number++) events.record(objectNumber(30_000 + number), UNSEALED);
  held.resolve();
  await events.flush(120_000);
  const namespaces = requests.map(({ path }) => /namespaces\/([^/]+)/.exec(path)?.[1]);
  assert.equal(requests.length, 20_001);
  assert.deepEqual(namespaces.slice(0, 5), ["team", "team", "other", "kube-system", "team"]);
  assert.deepEqual(await counted(), { written: 20_001, failed: 0, dropped: 102 });
});

test("one object has 25 events at once, and one more for each 5 minutes; others have their own", async () => {
  const { events, requests, state, counted } = recorderScene();
  const say = (number: number) => events.record(ABOUT, { ...FAILED, message: `${number}` });
  for (let number = 0; number < 30; number++) say(number);
  events.record(objectNumber(2), FAILED);
  await events.flush(5000);
  assert.equal(requests.length, 26);
  assert.deepEqual(await counted(), { written: 26, failed: 0, dropped: 5 });
  state.now = new Date(state.now.getTime() + 299_000);
  say(30);
  state.now = new Date(state.now.getTime() + 2000);
  say(31);
  say(32);
  await events.flush(5000);
  assert.equal(requests.length, 27);
});

test("an event over the budget is logged all the same", () => {
  const { events, lines } = recorderScene();
  for (let number = 0; number < 30; number++) events.record(ABOUT, { ...FAILED, message: `${number}` });
  assert.equal(lines.length, 30);
});

test("while there is other work events are spaced, and then they follow without a pause", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  let busy = true;
  const { events, requests } = recorderScene([null], undefined, () => busy);
  for (let number = 0; number < 2000; number++) events.record(objectNumber(number), UNSEALED);
  const untilWritten = (number: number, wait = () => {}) =>
    lookUntil({ what: `${number} events`, boundMs: patienceMs(20_000) }, () => {
      if (requests.length < number) wait();
      return requests.length >= number;
    });
  await untilWritten(1);
  for (let number = 1; number <= 5; number++) {
    await settle();
    context.mock.timers.tick(19);
    await settle();
    assert.equal(requests.length, number, "20 ms between two");
    await untilWritten(number + 1, () => context.mock.timers.tick(20));
  }
  busy = false;
  await settle();
  // The end of a rest that had begun.
  context.mock.timers.tick(1000);
  await untilWritten(2000);
});

test("flushing does not wait for other work", async () => {
  const { events, requests } = recorderScene([null], undefined, () => true);
  for (let number = 0; number < 1000; number++) events.record(objectNumber(number), UNSEALED);
  await sleep(50);
  await events.flush(5000);
  assert.equal(requests.length, 1000);
});

test("what is left when the time for flushing is up is dropped and counted, and no longer written", async () => {
  const held = Promise.withResolvers<void>();
  const { events, requests, lines, counted } = recorderScene([null], held.promise);
  for (let number = 0; number < 10; number++) events.record(objectNumber(number), UNSEALED);
  await events.flush(20);
  assert.match(lines.at(-1) ?? "", /level=WARN msg="Events were not written in time" count=9/);
  held.resolve();
  await events.flush(5000);
  assert.equal(requests.length, 1);
  assert.deepEqual(await counted(), { written: 1, failed: 0, dropped: 9 });
});

test("who does not lead any more writes nothing and says nothing", async () => {
  const { events, requests, lines, counted } = recorderScene([null, new NotLeadingError()]);
  for (let number = 0; number < 10; number++) events.record(objectNumber(number), UNSEALED);
  const before = lines.length;
  await events.flush(5000);
  assert.equal(requests.length, 2);
  assert.equal(lines.length, before);
  assert.deepEqual(await counted(), { written: 1, failed: 0, dropped: 9 });
});

for (const [name, error] of [
  ["being deleted", refusal(403, ["metadata.namespace"])],
  ["gone", refusal(404)],
] as const) {
  test(`of a namespace that is ${name} nothing more is said`, async () => {
    const { events, lines, counted } = recorderScene([error]);
    events.record(ABOUT, FAILED);
    const before = lines.length;
    await events.flush(5000);
    assert.equal(lines.length, before);
    assert.deepEqual(await counted(), { written: 0, failed: 1, dropped: 0 });
  });
}

test("that events cannot be written is said once, not for each", async () => {
  const { events, lines, counted } = recorderScene([refusal(403)]);
  for (let number = 0; number < 100; number++) events.record(objectNumber(number), FAILED);
  await events.flush(5000);
  const said = lines.filter((line) => line.includes("could not be written"));
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /level=WARN .* reason=ErrUnsealFailed code=kube-api count=1/);
  assert.deepEqual(await counted(), { written: 0, failed: 100, dropped: 0 });
});

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { OpeningRounds, type OpeningRoundsParts } from "../../controller/opening-rounds.ts";
import { FakeClock, settle } from "../support/fake-clock.ts";

const HOUR_MS = 3_600_000;
const SETTLING_MS = 600_000;

/** Rounds over three objects in a day; what is checked is told with the hour. */
async function rounds(context: TestContext, more: Partial<OpeningRoundsParts> = {}) {
  const clock = new FakeClock();
  const checked: string[] = [];
  const going = new OpeningRounds({
    clock,
    keys: () => ["t/a", "t/b", "t/c"],
    sealingKeys: () => ["one", "two"],
    failing: () => [],
    busy: () => false,
    check: async (key) => checked.push(`${key} ${(clock.monotonic() - SETTLING_MS) / HOUR_MS}`),
    periodMs: 24 * HOUR_MS,
    random: () => 0,
    ...more,
  });
  const ending = new AbortController();
  const running = going.run(ending.signal);
  // Time to settle down first; hours count from then on.
  await clock.advance(SETTLING_MS);
  context.after(async () => {
    ending.abort(new Error("done"));
    await running;
  });
  return { clock, checked };
}

test("every object comes once in a period, evenly spread", async (context) => {
  const { clock, checked } = await rounds(context);
  await clock.advance(47 * HOUR_MS);
  assert.deepEqual(checked, ["t/a 0", "t/b 8", "t/c 16", "t/a 24", "t/b 32", "t/c 40"]);
});

test("whoever comes to lead has other things to do first", async (context) => {
  const clock = new FakeClock();
  const begun: number[] = [];
  await rounds(context, { clock, check: async () => begun.push(clock.monotonic()) });
  await clock.advance(SETTLING_MS - 1);
  assert.deepEqual(begun, []);
  await clock.advance(1);
  assert.deepEqual(begun, [SETTLING_MS]);
});

test("a leader begins at any of them, so that short ones do not always check the same", async (context) => {
  const { clock, checked } = await rounds(context, { random: () => 0.5 });
  await clock.advance(23 * HOUR_MS);
  assert.deepEqual(checked, ["t/b 4", "t/c 12", "t/a 20"]);
});

test("nothing is checked while there is other work", async (context) => {
  let isBusy = true;
  const { clock, checked } = await rounds(context, { busy: () => isBusy });
  await clock.advance(2 * HOUR_MS);
  assert.deepEqual(checked, []);
  isBusy = false;
  await clock.advance(1000);
  assert.match(checked.join(), /^t\/a 2[^,]*$/);
});

test("after a check it rests many times as long as that took", async (context) => {
  const clock = new FakeClock();
  const begun: number[] = [];
  await rounds(context, {
    clock,
    periodMs: 60_000,
    check: async () => {
      begun.push(clock.monotonic());
      await clock.sleep(10_000);
    },
  });
  await clock.advance(1_100_000);
  assert.deepEqual(begun, [60_000, 560_000, 1_060_000]);
});

test("once a sealing key is gone, all are looked at within the hour, and then at leisure again", async (context) => {
  let sealingKeys = ["one", "two"];
  const { clock, checked } = await rounds(context, { sealingKeys: () => sealingKeys });
  await clock.advance(HOUR_MS);
  sealingKeys = ["two", "three"];
  await clock.advance(2 * HOUR_MS);
  assert.deepEqual(checked.slice(0, 1), ["t/a 0"]);
  const hours = checked.slice(1).map((line) => [line.slice(0, 3), Number(line.slice(4))] as const);
  assert.deepEqual(
    hours.slice(0, 3).map(([key]) => key),
    ["t/a", "t/b", "t/c"],
  );
  assert.ok((hours[2]?.[1] ?? 9) < 2, checked.join());
  const before = checked.length;
  await clock.advance(6 * HOUR_MS);
  assert.ok(checked.length <= before + 2, checked.join());
});

test("a new sealing key has those looked at that did not open, at once and no others", async (context) => {
  let sealingKeys = ["one"];
  const { clock, checked } = await rounds(context, {
    sealingKeys: () => sealingKeys,
    failing: () => ["t/c"],
  });
  await clock.advance(HOUR_MS);
  sealingKeys = ["one", "two"];
  await clock.advance(2 * HOUR_MS);
  assert.deepEqual(
    checked.map((line) => line.slice(0, 5)),
    ["t/a 0", "t/c 1"],
  );
});

test("where there is nothing yet, what comes is found soon", async (context) => {
  let keys: string[] = [];
  const { clock, checked } = await rounds(context, { keys: () => keys });
  await clock.advance(HOUR_MS);
  keys = ["t/a"];
  await clock.advance(HOUR_MS / 6);
  await settle();
  assert.equal(checked.length, 1);
});

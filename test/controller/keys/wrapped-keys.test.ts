import assert from "node:assert/strict";
import { test } from "node:test";
import { WrappedKeys } from "../../../controller/keys/wrapped-keys.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { serviceFault } from "../../support/memory-kms.ts";
import { sealingPair } from "../sealing-key.ts";
import { MemoryWrapping } from "./memory-wrapping.ts";

const pair = await sealingPair();
const { signal } = new AbortController();

function scene() {
  const clock = new FakeClock();
  const wrapping = new MemoryWrapping();
  const news: string[] = [];
  const attempts: string[] = [];
  const keys = new WrappedKeys({
    wrapping,
    clock,
    onNews: (name) => void news.push(name),
    onAttempt: (outcome) => void attempts.push(outcome),
    random: () => 0.5,
  });
  const { fingerprint, digest } = pair;
  const place = { namespace: "kube-system", name: "one", fingerprint, certificate: digest };
  const key = { ...place, text: wrapping.textOf(pair.privateKeyPem, place) };
  return { clock, wrapping, news, attempts, keys, key };
}

/** Ms after which attempts came, one after the other, within so long. */
async function attemptTimes(
  { clock, attempts }: ReturnType<typeof scene>,
  withinMs: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let seen = attempts.length, at = clock.monotonic(); clock.monotonic() - at < withinMs; ) {
    await clock.advance(250);
    if (attempts.length > seen) times.push(clock.monotonic() - at);
    seen = attempts.length;
  }
  return times;
}

test("a key waits for its first answer, then it is known and asked for no more", async () => {
  const { clock, wrapping, news, attempts, keys, key } = scene();
  assert.deepEqual(keys.look(key), { state: "waiting", problem: null });
  assert.deepEqual(keys.look({ ...key }), { state: "waiting", problem: null });
  await clock.advance(0);
  assert.deepEqual([news, attempts, wrapping.unwrapped], [["one"], ["unwrapped"], ["one"]]);
  const known = keys.look(key);
  assert.equal(known.state === "open" && known.opening.fingerprint, pair.fingerprint);
  await clock.advance(3_600_000);
  assert.equal(wrapping.unwrapped.length, 1);
  assert.ok(wrapping.handedOut.every((bytes) => bytes.every((byte) => byte === 0)));
});

test("what passes is asked for again after a second, then twice as long, up to a minute", async () => {
  const all = scene();
  const { wrapping, news, attempts, keys, key } = all;
  wrapping.before = () => {
    throw serviceFault("unavailable");
  };
  keys.look(key);
  const times = await attemptTimes(all, 300_000);
  // The first is seen once time has moved.
  const waits = times.slice(1).map((time, at) => time - (at === 0 ? 0 : (times[at] ?? 0)));
  assert.deepEqual(waits.slice(0, 7), [750, 1500, 3000, 6000, 12_000, 24_000, 45_000]);
  assert.ok(
    waits.slice(7).every((wait) => wait === 45_000),
    "the cap, with the jitter",
  );
  assert.deepEqual(news, ["one"], "told once");
  assert.ok(attempts.every((outcome) => outcome === "unavailable"));
});

test("what is refused for good is asked for again, but slowly", async () => {
  const all = scene();
  all.wrapping.before = () => {
    throw serviceFault("denied");
  };
  all.keys.look(all.key);
  const times = await attemptTimes(all, 120_000);
  assert.deepEqual(
    times.map((time) => Math.round(time / 1000)),
    [0, 23, 68],
  );
  assert.ok(all.attempts.every((outcome) => outcome === "denied"));
});

test("a service that says when to come back is believed, within bounds", async () => {
  const all = scene();
  let asked = 20_000;
  all.wrapping.before = () => {
    throw serviceFault("throttled", "asked too often", asked);
  };
  all.keys.look(all.key);
  assert.deepEqual((await attemptTimes(all, 19_000)).length, 1);
  asked = 3_600_000;
  assert.deepEqual((await attemptTimes(all, 2_000)).length, 1);
  assert.deepEqual((await attemptTimes(all, 301_000)).length, 1, "no longer than five minutes");
});

test("another cause is news, and so is the end of it", async () => {
  const { clock, wrapping, news, keys, key } = scene();
  let words = "one";
  wrapping.before = () => {
    throw serviceFault("unavailable", words);
  };
  keys.look(key);
  await clock.advance(10_000);
  assert.equal(news.length, 1);
  words = "two";
  await clock.advance(60_000);
  assert.equal(news.length, 2);
  wrapping.before = () => undefined;
  await clock.advance(60_000);
  assert.equal(news.length, 3);
  assert.equal(keys.look(key).state, "open");
});

test("an error nobody foresaw counts as passing, and shows none of its words", async () => {
  const { clock, wrapping, keys, key } = scene();
  wrapping.before = () => {
    throw new Error("a secret");
  };
  keys.look(key);
  await clock.advance(0);
  const known = keys.look(key);
  assert.ok(known.state === "waiting" && known.problem !== null);
  assert.deepEqual([known.problem.message, known.problem.retryable], ["unexpected error", true]);
});

test("another text, another certificate or another namespace is another key", async () => {
  for (const other of [{ text: "kms-key:1:9" }, { certificate: "0123" }, { namespace: "b" }]) {
    const { clock, wrapping, keys, key } = scene();
    keys.look(key);
    await clock.advance(0);
    assert.equal(keys.look({ ...key, ...other }).state, "waiting");
    await clock.advance(0);
    assert.equal(wrapping.unwrapped.length, 2);
    assert.equal(keys.look({ ...key, ...other }).state, "refused");
  }
});

test("a key that is forgotten, and all once it is over, are asked for no more", async () => {
  for (const end of ["forget", "stop"] as const) {
    const { clock, wrapping, news, keys, key } = scene();
    wrapping.before = () => {
      throw serviceFault("unavailable");
    };
    keys.look(key);
    await clock.advance(0);
    keys[end]("one");
    await clock.advance(3_600_000);
    assert.deepEqual([wrapping.unwrapped.length, news.length], [1, 1]);
    if (end === "stop") keys.look({ ...key, text: "kms-key:1:9" });
    assert.equal(clock.sleepers, 0);
    assert.equal(wrapping.unwrapped.length, 1);
  }
});

test("a key that was just wrapped is proven once, and known from then on", async () => {
  const { wrapping, keys, key, news } = scene();
  await keys.prove(key, signal);
  assert.equal(keys.look(key).state, "open");
  assert.deepEqual([wrapping.unwrapped.length, news.length], [1, 0]);
  const elsewhere = { ...key, name: "two" };
  await assert.rejects(keys.prove(elsewhere, signal), /does not unwrap after it was wrapped/);
  wrapping.before = () => {
    throw serviceFault("unavailable", "away");
  };
  await assert.rejects(keys.prove(elsewhere, signal), /away/);
});

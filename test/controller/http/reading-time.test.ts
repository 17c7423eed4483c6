import assert from "node:assert/strict";
import { test } from "node:test";
import { ReadingTime } from "../../../controller/http/reading-time.ts";
import { apiScene } from "./api-scene.ts";

function scene() {
  const state = { now: 0, worked: 0 };
  const time = new ReadingTime(
    () => state.now,
    () => state.worked,
  );
  /** Reads for so long, while others have the machine for as long as is said; false when it may not. */
  const read = (peer: string, ms: number, heldUp = 0) =>
    time.run(peer, () => {
      state.now += ms + heldUp;
      state.worked += ms;
      return "read";
    }) !== null;
  return { state, time, read };
}

test("what was read is given back, and what fails fails", () => {
  const { time } = scene();
  assert.deepEqual(
    time.run("a", () => null),
    { read: null },
  );
  assert.throws(() =>
    time.run("a", () => {
      throw new Error("x");
    }),
  );
});

test("bodies that are quick to read are all read", () => {
  const { state, read } = scene();
  for (let times = 0; times < 1000; times++) {
    assert.ok(read("a", 1));
    state.now += 50;
  }
});

test("a peer that took its time waits until it has some again; others have their own", () => {
  const { state, read } = scene();
  assert.ok(read("a", 700));
  assert.ok(!read("a", 1));
  assert.ok(read("b", 1));
  state.now += 3900;
  assert.ok(!read("a", 1), "owes 200 ms, and gets 50 a second");
  state.now += 200;
  assert.ok(read("a", 1));
});

test("all together take no more than a fifth of the time", () => {
  const { state, read } = scene();
  let took = 0;
  for (let round = 0; round < 3000; round++) {
    if (read(`peer-${round}`, 100)) took += 100;
    state.now += 20;
  }
  assert.ok(took <= 3100 + state.now / 5, `${took} of ${state.now} ms`);
  assert.ok(took >= state.now / 6, `${took} of ${state.now} ms`);
});

test("time in which the machine served others counts up to a few times the work", () => {
  const { read } = scene();
  for (let times = 0; times < 10; times++) assert.ok(read("a", 1, 2000));
  assert.ok(read("b", 150, 600));
  assert.ok(!read("b", 1), "took 600 ms of what others wait for");
});

test("a failure to read counts as well", () => {
  const { state, time, read } = scene();
  assert.throws(() =>
    time.run("a", () => {
      state.now += 2000;
      state.worked += 2000;
      throw new Error("x");
    }),
  );
  assert.ok(!read("a", 1));
});

test("who sends texts that take long to read is told to come back, and others are served", async () => {
  const { post } = await apiScene();
  // Valid YAML, and about the worst there is.
  const costly = Array.from({ length: 20_000 }, (_, at) => `k${at}: &a${at} x\n`).join("");
  let refused: Awaited<ReturnType<typeof post>> | undefined;
  for (let times = 0; times < 20 && refused?.statusCode !== 429; times++) {
    refused = await post("/v1/verify", costly, { remoteAddress: "10.0.0.1" });
  }
  assert.deepEqual([refused?.statusCode, refused?.body], [429, "limit exceeded\n"]);
  assert.equal(refused?.headers["retry-after"], "5");
  assert.equal((await post("/v1/verify", "x", { remoteAddress: "10.0.0.2" })).statusCode, 500);
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { askPatiently } from "../../../cli/controller/patient-way.ts";
import type { Question, Way } from "../../../cli/controller/way.ts";

const QUESTION: Question = { method: "GET", path: "/", accept: "*/*", timeoutMs: null };

/** Answers 429 with these waits, then 200. */
async function ask(waits: readonly (number | null)[]): Promise<{ status: number; waitedMs: number[] }> {
  let asked = 0;
  const way: Way = {
    name: "a way",
    isFallback: false,
    ask: async () => {
      const wait = waits[asked++];
      const status = wait === undefined ? 200 : 429;
      return { status, body: new Uint8Array(), contentType: "", retryAfterSeconds: wait ?? null, source: "" };
    },
    close: () => {},
  };
  const waitedMs: number[] = [];
  const { status } = await askPatiently(way, QUESTION, async (ms) => waitedMs.push(ms));
  return { status, waitedMs };
}

suite("a busy controller", () => {
  test("is asked again after the wait it wishes", async () => {
    assert.deepEqual(await ask([]), { status: 200, waitedMs: [] });
    assert.deepEqual(await ask([1, 7, null]), { status: 200, waitedMs: [1000, 7000, 1000] });
  });

  test("is not waited for longer than half a minute at a time", async () => {
    assert.deepEqual(await ask([3600]), { status: 200, waitedMs: [30_000] });
  });

  test("is asked again ten times and no more", async () => {
    assert.deepEqual((await ask(Array(10).fill(1))).status, 200);
    const { status, waitedMs } = await ask(Array(11).fill(1));
    assert.equal(status, 429);
    assert.equal(waitedMs.length, 10);
  });
});

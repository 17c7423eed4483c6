import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { KubeClient, KubeRequest, WatchEvent } from "../../../shared/kube/client.ts";
import {
  paced,
  type RateClock,
  type RateLimit,
  RequestPace,
} from "../../../shared/kube/rate-limited-client.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";

const rateLimited = (client: KubeClient, limit: RateLimit, clock?: RateClock): KubeClient =>
  paced(client, new RequestPace(limit, clock));
const GET: KubeRequest = { method: "GET", path: "/" };

/** Answers at once and notes when. */
function noting(clock: FakeClock): { client: KubeClient; at: number[]; closed: () => boolean } {
  const at: number[] = [];
  let closed = false;
  const client: KubeClient = {
    server: "https://s",
    namespace: "n",
    request: async () => {
      at.push(clock.monotonic());
      return { metadata: {} };
    },
    raw: async () => {
      at.push(clock.monotonic());
      return { status: 200, body: new Uint8Array(), contentType: "", retryAfterSeconds: null };
    },
    watch: async function* (): AsyncGenerator<WatchEvent> {
      at.push(clock.monotonic());
      yield { type: "BOOKMARK", object: { metadata: {} } };
    },
    close: async () => {
      closed = true;
    },
  };
  return { client, at, closed: () => closed };
}

async function drain(events: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  for await (const _ of events) count += 1;
  return count;
}

describe("rate limit", () => {
  test("the burst goes at once, the rest in step and in order; a pause earns the burst again", async () => {
    const clock = new FakeClock();
    const { client, at } = noting(clock);
    const limited = rateLimited(client, { qps: 10, burst: 3 }, clock);
    const first = Array.from({ length: 6 }, () => limited.request(GET));
    await clock.advance(10_000);
    await Promise.all(first);
    const second = Array.from({ length: 4 }, () => limited.raw(GET));
    await clock.advance(10_000);
    await Promise.all(second);
    assert.deepEqual(at, [0, 0, 0, 100, 200, 300, 10_000, 10_000, 10_000, 10_100]);
  });

  test("a watch counts as one request", async () => {
    const clock = new FakeClock();
    const { client, at } = noting(clock);
    const limited = rateLimited(client, { qps: 1, burst: 1 }, clock);
    await limited.request(GET);
    const watching = drain(limited.watch(GET));
    await clock.advance(1_000);
    assert.equal(await watching, 1);
    assert.deepEqual(at, [0, 1_000]);
  });

  test("no limit below zero, the usual 5 and 10 at zero", async () => {
    const clock = new FakeClock();
    const { client, at } = noting(clock);
    const unlimited = rateLimited(client, { qps: -1, burst: 1 }, clock);
    await Promise.all(Array.from({ length: 30 }, () => unlimited.request(GET)));
    assert.deepEqual(at.splice(0), new Array(30).fill(0));
    const limited = rateLimited(client, { qps: 0, burst: 0 }, clock);
    const all = Array.from({ length: 12 }, () => limited.request(GET));
    await clock.advance(1_000);
    await Promise.all(all);
    assert.deepEqual(at, [...new Array(10).fill(0), 200, 400]);
  });

  test("clients of one pace share its limit", async () => {
    const clock = new FakeClock();
    const { client, at } = noting(clock);
    const pace = new RequestPace({ qps: 1, burst: 1 }, clock);
    const all = [paced(client, pace), paced(client, pace), paced(client, pace)].map((one) =>
      one.request(GET),
    );
    await clock.advance(5_000);
    await Promise.all(all);
    assert.deepEqual(at, [0, 1_000, 2_000]);
  });

  test("who waits can be aborted", async () => {
    const clock = new FakeClock();
    const { client, at } = noting(clock);
    const limited = rateLimited(client, { qps: 1, burst: 1 }, clock);
    await limited.request(GET);
    const aborting = new AbortController();
    const reason = new Error("enough");
    const waiting = assert.rejects(limited.request({ ...GET, signal: aborting.signal }), (e) => e === reason);
    const watching = drain(limited.watch({ ...GET, signal: aborting.signal }));
    await settle();
    aborting.abort(reason);
    await waiting;
    assert.equal(await watching, 0);
    assert.deepEqual(at, [0]);
  });

  test("the real clock holds requests back too", async () => {
    const { client, at } = noting(new FakeClock());
    const limited = rateLimited(client, { qps: 1, burst: 1 });
    await limited.request(GET);
    const signal = AbortSignal.timeout(50);
    await assert.rejects(limited.request({ ...GET, signal }), (error) => error === signal.reason);
    assert.equal(at.length, 1);
  });

  test("server, namespace and close are the client's", async () => {
    const { client, closed } = noting(new FakeClock());
    const limited = rateLimited(client, { qps: 1, burst: 1 }, new FakeClock());
    assert.deepEqual([limited.server, limited.namespace], ["https://s", "n"]);
    await limited.close();
    assert.ok(closed());
  });
});

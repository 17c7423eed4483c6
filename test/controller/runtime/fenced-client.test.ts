import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fenced } from "../../../controller/runtime/fenced-client.ts";
import { NotLeadingError, type Term } from "../../../controller/runtime/term.ts";
import type {
  KubeClient,
  KubeObject,
  KubeRequest,
  RawAnswer,
  WatchEvent,
} from "../../../shared/kube/client.ts";
import { coverageTable } from "../../support/coverage-table.ts";
import { settledWithin } from "../../support/look-until.ts";
import { patienceMs } from "../../support/patience.ts";

const table = coverageTable({
  holds: "while the term holds, everything passes as it is",
  "asks-first": "writes are refused the moment it does not hold, before any signal",
  reads: "reading needs no term that holds, only one that has not ended",
  "in-flight": "what is under way ends with the term, with its reason",
  "own-signal": "the caller's own signal ends it, too, with its own reason",
  watch: "a watch ends with the term, silently",
  memory: "a hundred thousand requests leave nothing behind",
  many: "many requests at once raise no warning",
});

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
const WRITES = METHODS.filter((method) => method !== "GET");

/** A client that answers when it is told to, or at once. */
class FarEnd implements KubeClient {
  readonly server = "https://api";
  readonly namespace = "ns";
  readonly sent: KubeRequest[] = [];
  closed = 0;
  hangs = false;

  async request(request: KubeRequest): Promise<KubeObject> {
    this.sent.push(request);
    if (this.hangs) await aborted(request.signal);
    return { metadata: { name: "x" } };
  }

  async raw(request: KubeRequest): Promise<RawAnswer> {
    this.sent.push(request);
    if (this.hangs) await aborted(request.signal);
    return { status: 200, body: new Uint8Array(), contentType: "text/plain", retryAfterSeconds: null };
  }

  async *watch(request: KubeRequest): AsyncGenerator<WatchEvent> {
    this.sent.push(request);
    yield { type: "ADDED", object: { metadata: { name: "x" } } };
    await aborted(request.signal).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.closed += 1;
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** What does not come fails, rather than hanging. */
async function soon(work: Promise<unknown>): Promise<void> {
  await settledWithin({ what: "the end", boundMs: patienceMs(10_000) }, work);
}

function scene() {
  const ending = new AbortController();
  const state = { holds: true };
  const term: Term = {
    signal: ending.signal,
    holds: () => state.holds,
    annotations: {},
    annotate: async () => undefined,
  };
  const farEnd = new FarEnd();
  return {
    state,
    farEnd,
    client: fenced(farEnd, term),
    signal: ending.signal,
    end: () => ending.abort(new NotLeadingError()),
  };
}

table.proves("holds", "all passes while the term holds", async () => {
  const { client, farEnd } = scene();
  assert.deepEqual([client.server, client.namespace], ["https://api", "ns"]);
  for (const method of METHODS) {
    const request = { method, path: "/x", body: { a: 1 }, query: { q: "1" }, timeoutMs: 7 };
    assert.deepEqual(await client.request(request), { metadata: { name: "x" } });
    assert.equal((await client.raw(request)).status, 200);
    for (const { signal, ...sent } of farEnd.sent.splice(0)) {
      assert.deepEqual(sent, request);
      assert.equal(signal?.aborted, false);
    }
  }
  await client.close();
  assert.equal(farEnd.closed, 1);
});

table.proves("asks-first", "nothing is written once the term does not hold", async () => {
  const { client, farEnd, state } = scene();
  state.holds = false;
  for (const method of WRITES) {
    await assert.rejects(client.request({ method, path: "/x" }), NotLeadingError);
    await assert.rejects(client.raw({ method, path: "/x" }), NotLeadingError);
  }
  assert.deepEqual(farEnd.sent, []);
});

table.proves("reads", "reads pass until the term has ended", async () => {
  const { client, farEnd, state, end } = scene();
  state.holds = false;
  await client.request({ method: "GET", path: "/x" });
  await client.raw({ method: "GET", path: "/x" });
  end();
  await assert.rejects(client.request({ method: "GET", path: "/x" }), NotLeadingError);
  await assert.rejects(client.raw({ method: "GET", path: "/x" }), NotLeadingError);
  assert.equal(farEnd.sent.length, 2);
});

table.proves("in-flight", "what is under way ends with the term", async () => {
  const { client, farEnd, end } = scene();
  farEnd.hangs = true;
  const pending = METHODS.flatMap((method) => [
    client.request({ method, path: "/x" }),
    client.raw({ method, path: "/x" }),
  ]);
  const refused = pending.map((one) => assert.rejects(one, NotLeadingError));
  assert.equal(farEnd.sent.length, 2 * METHODS.length);
  end();
  await soon(Promise.all(refused));
});

table.proves("own-signal", "the caller's signal keeps its reason", async () => {
  const { client, farEnd, signal } = scene();
  farEnd.hangs = true;
  const own = new AbortController();
  const pending = client.request({ method: "PUT", path: "/x", signal: own.signal });
  const refused = assert.rejects(pending, { message: "not wanted any more" });
  own.abort(new Error("not wanted any more"));
  await refused;
  await assert.rejects(client.request({ method: "PUT", path: "/x", signal: own.signal }), {
    message: "not wanted any more",
  });
  assert.equal(farEnd.sent.length, 1);
  assert.equal(signal.aborted, false);
});

table.proves("watch", "a watch ends with the term", async () => {
  const { client, end, state } = scene();
  state.holds = false;
  const names: unknown[] = [];
  for await (const { object } of client.watch({ method: "GET", path: "/x" })) {
    names.push(object.metadata.name);
    end();
  }
  assert.deepEqual(names, ["x"]);
});

table.proves(
  "memory",
  "100,000 requests under one term and one signal leave no listener and no memory",
  async () => {
    const { client, farEnd, signal } = scene();
    const own = new AbortController();
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const heapBytes = async (requests: number) => {
      for (let count = 0; count < requests; count++) {
        await client.request({ method: "PUT", path: "/x", signal: own.signal });
        farEnd.sent.length = 0;
      }
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await heapBytes(5_000);
    for (const one of [signal, own.signal]) assert.equal(getEventListeners(one, "abort").length, 0);
    const grownBytes = (await heapBytes(100_000)) - before;
    // A listener that stays is some 200 bytes a request, which would be 20 MB.
    assert.ok(grownBytes < 1_000_000, `${grownBytes} bytes more`);
    for (const one of [signal, own.signal]) assert.equal(getEventListeners(one, "abort").length, 0);
  },
);

table.proves("many", "a thousand requests at once are no leak and no warning", async () => {
  const { client, farEnd, signal, end } = scene();
  const warnings: string[] = [];
  const onWarning = (warning: Error) => warnings.push(warning.name);
  process.on("warning", onWarning);
  farEnd.hangs = true;
  const refused = Array.from({ length: 1_000 }, () =>
    assert.rejects(client.request({ method: "PUT", path: "/x" }), NotLeadingError),
  );
  assert.equal(getEventListeners(signal, "abort").length, 1_000);
  end();
  await soon(Promise.all(refused));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", onWarning);
  assert.deepEqual(warnings, []);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

table.everyRowHasATest();

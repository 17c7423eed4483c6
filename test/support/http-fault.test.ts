import assert from "node:assert/strict";
import { afterEach, beforeEach, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { answerWith, type FaultPlan, makeFaultPlan } from "./http-fault.ts";
import { type LoopbackListener, listenOnLoopback } from "./loopback-listener.ts";

suite("faults of a fake server", () => {
  let server: LoopbackListener;
  let plan: FaultPlan;
  let carriedOut: number;

  beforeEach(async () => {
    plan = makeFaultPlan();
    carriedOut = 0;
    server = await listenOnLoopback((request, response) => {
      answerWith(response, "application/json", plan.next(request.url ?? ""), () => {
        carriedOut += 1;
        return { status: 200, body: { right: "answer" } };
      });
    }, false);
  });
  afterEach(() => server.close());

  const get = (path = "/", signal: AbortSignal | null = null) => fetch(`${server.url}${path}`, { signal });

  test("without one, the right answer", async () => {
    const answer = await get();
    assert.equal(answer.headers.get("content-type"), "application/json");
    assert.deepEqual(await answer.json(), { right: "answer" });
  });

  test("another answer: status, headers and body, a text as HTML; nothing is carried out", async () => {
    plan.inject(
      { kind: "answer", status: 502, body: "<html>", headers: { "retry-after": "3" } },
      { times: 1 },
    );
    const answer = await get();
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [502, "3"]);
    assert.equal(answer.headers.get("content-type"), "text/html");
    assert.equal(await answer.text(), "<html>");
    assert.equal(carriedOut, 0);
  });

  test("a redirect names the same path elsewhere", async () => {
    plan.inject({ kind: "redirect", status: 307, to: "http://192.0.2.1:8200" });
    const answer = await fetch(`${server.url}/v1/a%20b?c=d`, { redirect: "manual" });
    assert.equal(answer.status, 307);
    assert.equal(answer.headers.get("location"), "http://192.0.2.1:8200/v1/a%20b?c=d");
    assert.equal(carriedOut, 0);
  });

  test("late, the right answer comes after that while", async () => {
    plan.inject({ kind: "delay", ms: 120 });
    const start = performance.now();
    assert.deepEqual(await (await get()).json(), { right: "answer" });
    assert.ok(performance.now() - start > 100);
  });

  test("silent, it carries out and does not answer", async () => {
    plan.inject({ kind: "silence" });
    await assert.rejects(get("/", AbortSignal.timeout(150)), { name: "TimeoutError" });
    assert.equal(carriedOut, 1);
  });

  test("a dropped request is not carried out, a cut one is, and its answer has no end", async () => {
    plan.inject({ kind: "drop" }, { times: 1 });
    await assert.rejects(get());
    assert.equal(carriedOut, 0);
    plan.inject({ kind: "cut" }, { times: 1 });
    const cut = await get();
    assert.equal(cut.status, 200);
    await assert.rejects(cut.text());
    assert.equal(carriedOut, 1);
    assert.equal((await get()).status, 200);
  });

  test("an endless answer goes on until its reader leaves", async () => {
    plan.inject({ kind: "endless" });
    const leave = new AbortController();
    const { body } = await get("/", leave.signal);
    assert.ok(body !== null);
    let read = 0;
    for await (const part of body) {
      read += part.length;
      if (read > 4 * 1024 * 1024) break;
    }
    assert.ok(read > 4 * 1024 * 1024);
    leave.abort();
  });

  test("faults count down, go by the request's name, first come first served, and heal", async () => {
    const status = async (path: string) => (await get(path)).status;
    const refuse = (code: number) => ({ kind: "answer", status: code, body: {} }) as const;
    plan.inject(refuse(429), { times: 1, of: "/a" });
    plan.inject(refuse(503), { of: "/a" });
    assert.equal(await status("/b"), 200);
    assert.deepEqual([await status("/a"), await status("/a"), await status("/x/a")], [429, 503, 503]);
    plan.inject(refuse(500), { of: "/b" });
    plan.heal("/a");
    assert.deepEqual([await status("/a"), await status("/b")], [200, 500]);
    plan.heal();
    assert.equal(await status("/a"), 200);
  });

  test("over TLS it is trusted by its own certificate; a listener closes though a request hangs", async () => {
    const secure = await listenOnLoopback((_, response) => response.end("secure"), true);
    assert.match(secure.ca ?? "", /^-----BEGIN CERTIFICATE-----/);
    await assert.rejects(fetch(secure.url));
    await secure.close();
    plan.inject({ kind: "silence" });
    const hanging = assert.rejects(get());
    await sleep(20);
    await server.close();
    await hanging;
  });
});

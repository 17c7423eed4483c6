import assert from "node:assert/strict";
import { test } from "node:test";
import { request } from "undici";
import { TransportPool } from "../../../shared/kube/transport-pool.ts";
import { answer, startScriptedServer } from "./scripted-server.ts";

const transport = (fingerprint: string) => ({
  fingerprint,
  options: { type: "none" } as const,
  dispatcher: null,
});

test("one dispatcher for as long as the certificates stay, one of its own for watches", async () => {
  const pool = new TransportPool();
  const first = pool.dispatcher(transport("a"), "request");
  assert.equal(pool.dispatcher(transport("a"), "request"), first);
  assert.notEqual(pool.dispatcher(transport("a"), "watch"), first);
  assert.notEqual(pool.dispatcher(transport("b"), "request"), first);
  await pool.close();
});

test("with new certificates, what is under way on the former ones ends as it would have", async () => {
  let finish = () => {};
  const server = await startScriptedServer((response) => {
    finish = () => answer(response, 200, { done: true });
  });
  const pool = new TransportPool();
  const former = pool.dispatcher(transport("a"), "request");
  const waiting = request(server.url, { dispatcher: former });
  while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 2));
  pool.dispatcher(transport("b"), "request");
  await assert.rejects(request(server.url, { dispatcher: former }), { code: "UND_ERR_CLOSED" });
  finish();
  assert.deepEqual(await (await waiting).body.json(), { done: true });
  await pool.close();
  await server.close();
});

test("close ends connections, tells whoever sends, and nothing is handed out any more", async () => {
  const server = await startScriptedServer(() => undefined);
  const pool = new TransportPool();
  const dispatcher = pool.dispatcher(transport("a"), "watch");
  const waiting = assert.rejects(request(server.url, { dispatcher }));
  while (server.seen.length < 1) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.equal(pool.closing.aborted, false);
  await pool.close();
  await waiting;
  assert.equal(pool.closing.aborted, true);
  for (const print of ["a", "b"])
    assert.throws(() => pool.dispatcher(transport(print), "request"), { code: "UND_ERR_CLOSED" });
  await server.close();
});

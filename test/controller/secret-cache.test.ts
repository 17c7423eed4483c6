import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openLog } from "../../controller/log.ts";
import { SecretCache } from "../../controller/secret-cache.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeObject } from "../../shared/kube/client.ts";
import { FakeClock, settle } from "../support/fake-clock.ts";
import { page, ScriptedClient } from "./runtime/scripted-client.ts";

const failure = (status: number, reason: string): KubeApiError =>
  new KubeApiError({ request: "list secrets", status, reason, retryAfterSeconds: null, fields: [] });
const forbidden = failure(403, "Forbidden");

/** A running cache over a scripted client. */
function running(context: TestContext, client: ScriptedClient, namespaces: string[] | null = null) {
  const lines: string[] = [];
  const push = (line: string) => void lines.push(line);
  const log = openLog({ level: "DEBUG", format: "text", infoToStdout: true }, { out: push, err: push });
  const clock = new FakeClock();
  const cache = new SecretCache({ client, clock, namespaces, log });
  const stopping = new AbortController();
  context.after(() => stopping.abort());
  return { cache, clock, lines, run: () => void cache.run(stopping.signal) };
}

function secret(key: string, resourceVersion: number): KubeObject {
  const [namespace = "", name = ""] = key.split("/");
  const applied = `{"data":{"password":"${"x".repeat(1000)}"}}`;
  return {
    metadata: {
      namespace,
      name,
      uid: `00000000-0000-4000-8000-${name.padStart(12, "0")}`,
      resourceVersion: `${resourceVersion}`,
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": applied },
      labels: { "app.kubernetes.io/managed-by": "Helm" },
    },
    data: { password: "x".repeat(1000) },
  };
}

test("asks for metadata of all Secrets of the namespaces, whatever their labels, and keeps uid and version", async (context) => {
  const client = new ScriptedClient();
  client.willList(page(10, [secret("a/1", 5)]), page(11, [secret("b/2", 6)]));
  const { cache, run } = running(context, client, ["a", "b"]);
  run();
  assert.equal(cache.hasSynced, false);
  await settle();
  assert.equal(cache.hasSynced, true);
  assert.deepEqual(client.lists.map(({ path }) => path).sort(), [
    "/api/v1/namespaces/a/secrets",
    "/api/v1/namespaces/b/secrets",
  ]);
  for (const { accept, query } of [...client.lists, ...client.watches.map(({ request }) => request)]) {
    assert.match(accept ?? "", /^application\/json;as=PartialObjectMetadata(List)?;g=meta\.k8s\.io;v=v1/);
    assert.equal(query?.["labelSelector"], undefined);
  }
  const uid = (name: string) => `00000000-0000-4000-8000-${name.padStart(12, "0")}`;
  assert.deepEqual(cache.get("a/1"), { uid: uid("1"), resourceVersion: "5", controller: "" });
  assert.deepEqual(cache.get("b/2"), { uid: uid("2"), resourceVersion: "6", controller: "" });
  assert.equal(cache.get("a/2"), undefined);
});

test("a refusal is told once, with what to do, and counts as done; what comes later is taken", async (context) => {
  const client = new ScriptedClient();
  client.willList(
    () => forbidden,
    () => forbidden,
    () => forbidden,
    page(10, [secret("a/1", 5)]),
  );
  const { cache, clock, lines, run } = running(context, client);
  run();
  await settle();
  assert.equal(cache.hasSynced, true);
  await clock.advance(10_000);
  assert.equal(client.lists.length, 4);
  const told = lines.filter((line) => line.includes("May not watch Secrets"));
  assert.equal(told.length, 1, lines.join(""));
  assert.match(told[0] ?? "", /level=WARN .*hint=.*list and watch on secrets.*--skip-recreate/);
  assert.equal(cache.get("a/1")?.resourceVersion, "5");
});

test("what is not there is known of a namespace that was listed, whatever became of the others", async (context) => {
  const client = new ScriptedClient();
  client.willList(page(10, [secret("a/1", 5)]), () => forbidden);
  const { cache, run } = running(context, client, ["a", "b"]);
  assert.equal(cache.knows("a/1"), false, "before it was listed");
  run();
  await settle();
  assert.equal(cache.knows("a/other"), true);
  assert.equal(cache.knows("b/1"), false);
  assert.equal(cache.knows("c/1"), false, "not served");
});

test("a right that is taken away again after it was there is told of again", async (context) => {
  const client = new ScriptedClient();
  client.willList(
    () => forbidden,
    page(10, []),
    () => forbidden,
  );
  const { clock, lines, run } = running(context, client);
  run();
  await clock.advance(2000);
  client.watching.send(failure(410, "Expired"));
  await clock.advance(60_000);
  assert.equal(lines.filter((line) => line.includes("May not watch Secrets")).length, 2, lines.join(""));
});

test("any other failure does not count as done", async (context) => {
  const client = new ScriptedClient();
  client.willList(() => failure(500, "InternalError"));
  const { cache, clock, lines, run } = running(context, client);
  run();
  await clock.advance(2000);
  assert.equal(cache.hasSynced, false);
  assert.ok(lines.some((line) => line.includes("Cannot watch Secrets, will retry")));
});

test("10,000 Secrets of others cost less than 4 MB", async (context) => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const client = new ScriptedClient();
  const pages = 20;
  for (let at = 0; at < pages; at++) {
    const next = at === pages - 1 ? "" : `${at + 1}`;
    // Through text, as from the wire: strings of an answer are its own.
    client.willList(() => {
      const items = Array.from({ length: 500 }, (_, index) => secret(`team/${at * 500 + index}`, 7));
      return JSON.parse(JSON.stringify(page(10, items, next)())) as KubeObject;
    });
  }
  const { cache, run } = running(context, client);
  collect();
  const before = process.memoryUsage().heapUsed;
  run();
  await settle();
  while (!cache.hasSynced) await settle();
  collect();
  const bytes = process.memoryUsage().heapUsed - before;
  context.diagnostic(`${(bytes / 10_000).toFixed()} bytes a Secret`);
  assert.equal(cache.get("team/9999")?.resourceVersion, "7");
  assert.ok(bytes < 4_000_000, `${bytes} bytes`);
});

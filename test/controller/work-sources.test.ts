import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { openLog } from "../../controller/log.ts";
import { SecretDrift } from "../../controller/reconcile/secret-drift.ts";
import { Workqueue } from "../../controller/runtime/workqueue.ts";
import { SealedSecretCache } from "../../controller/sealed-secret-cache.ts";
import { SecretCache } from "../../controller/secret-cache.ts";
import { connectSources, retryFailed } from "../../controller/work-sources.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { FakeClock, settle } from "../support/fake-clock.ts";
import { page, ScriptedClient } from "./runtime/scripted-client.ts";

function named(name: string, resourceVersion: number, metadata: object = {}, rest: object = {}): KubeObject {
  const uid = `uid-${name}`;
  return {
    metadata: {
      namespace: "team",
      name,
      uid,
      resourceVersion: `${resourceVersion}`,
      generation: 1,
      ...metadata,
    },
    ...rest,
  };
}

/** Caches that have listed `team/db` and a Secret for it, and one Secret of nobody. */
async function connected(context: TestContext) {
  const clock = new FakeClock();
  const [sealedClient, secretClient] = [new ScriptedClient(), new ScriptedClient()];
  sealedClient.willList(page(10, [named("db", 5)]));
  secretClient.willList(page(10, [named("db", 6), named("other", 7)]));
  const log = openLog(
    { level: "ERROR", format: "text", infoToStdout: true },
    { out: () => {}, err: () => {} },
  );
  const queue = new Workqueue({ clock });
  const drift = new SecretDrift(() => clock.monotonic());
  const client = (scripted: ScriptedClient) => scripted as unknown as KubeClient;
  const cached = { clock, namespaces: null, labelSelector: "", onError: () => undefined };
  const sealedSecrets = new SealedSecretCache({ ...cached, client: client(sealedClient) });
  const secrets = new SecretCache({ clock, namespaces: null, log, client: client(secretClient) });
  const gone: string[] = [];
  connectSources({ sealedSecrets, secrets, queue, drift, gone: (key) => gone.push(key) });
  const stopping = new AbortController();
  context.after(() => stopping.abort());
  void sealedSecrets.run(stopping.signal);
  await settle();
  void secrets.run(stopping.signal);
  await settle();
  const turns: string[] = [];
  /** Works off the queue. @returns the keys that had their turn since, with their priority. */
  const work = async (): Promise<string[]> => {
    turns.length = 0;
    const done = new AbortController();
    const running = queue.run(1, async (key, priority) => void turns.push(`${key} ${priority}`), done.signal);
    await settle();
    done.abort();
    await running;
    return turns;
  };
  return { clock, sealedClient, secretClient, sealedSecrets, queue, drift, gone, work };
}

/** Looks at `team/db` in full and leaves it in sync. */
function inSync(drift: SecretDrift, resourceVersion: number): void {
  const version = { uid: "uid-db", resourceVersion: `${resourceVersion}`, controller: "" };
  drift.begin("team/db", { present: version, keepsEdits: false });
  drift.settle("team/db", { version, ours: true });
}

test("what the first lists bring comes after what is new, the Secret's part included", async (context) => {
  const { work } = await connected(context);
  assert.deepEqual(await work(), ["team/db resync"]);
});

test("a SealedSecret gives work when it changes, but not by its own status", async (context) => {
  const { work, sealedClient, drift, queue, gone } = await connected(context);
  await work();
  inSync(drift, 6);
  sealedClient.watching.send({
    type: "MODIFIED",
    object: named("db", 8, {}, { status: { conditions: [] } }),
  });
  await settle();
  assert.deepEqual(await work(), []);
  sealedClient.watching.send({ type: "MODIFIED", object: named("db", 9, { generation: 2 }) });
  await settle();
  assert.deepEqual(await work(), ["team/db new"]);
  const version = { uid: "uid-db", resourceVersion: "6", controller: "" };
  const look = drift.begin("team/db", { present: version, keepsEdits: false });
  assert.deepEqual(look, { drift: null, gone: false }, "in full, though the Secret is as it was left");
  sealedClient.watching.send({ type: "DELETED", object: named("db", 10) });
  await settle();
  assert.deepEqual(gone, ["team/db"]);
  assert.equal(queue.stats.ready, 0);
});

test("a Secret gives work when it is another than was left; one of nobody never does", async (context) => {
  const { work, secretClient, drift } = await connected(context);
  await work();
  inSync(drift, 8);
  secretClient.watching.send(
    { type: "MODIFIED", object: named("db", 8) },
    { type: "MODIFIED", object: named("other", 9) },
    { type: "ADDED", object: named("third", 10) },
    { type: "DELETED", object: named("other", 11) },
  );
  await settle();
  assert.deepEqual(await work(), []);
  secretClient.watching.send({ type: "MODIFIED", object: named("db", 12) });
  await settle();
  assert.deepEqual(await work(), ["team/db new"]);
  secretClient.watching.send({ type: "DELETED", object: named("db", 13) });
  await settle();
  assert.deepEqual(await work(), ["team/db new"]);
});

test("a Secret that changes all the time gives work at its pace", async (context) => {
  const { clock, work, secretClient, drift } = await connected(context);
  await work();
  for (let round = 0; round < 3; round++) {
    inSync(drift, 20 + round);
    const version = { uid: "uid-db", resourceVersion: "1", controller: "" };
    drift.wake("team/db", version);
    drift.begin("team/db", { present: version, keepsEdits: false });
  }
  secretClient.watching.send({ type: "MODIFIED", object: named("db", 30) });
  await settle();
  assert.deepEqual(await work(), []);
  await clock.advance(1000);
  assert.deepEqual(await work(), ["team/db resync"]);
});

test("a new key has those looked at in full that are not in sync", async (context) => {
  const { work, sealedSecrets, queue, drift, sealedClient } = await connected(context);
  await work();
  inSync(drift, 6);
  retryFailed({ sealedSecrets, queue, drift });
  assert.deepEqual(await work(), ["team/db resync"]);
  const version = { uid: "uid-db", resourceVersion: "6", controller: "" };
  assert.deepEqual(drift.begin("team/db", { present: version, keepsEdits: false }), {
    drift: null,
    gone: false,
  });
  const conditions = ["Synced", "Ready"].map((type) => ({ type, status: "True" }));
  const status = { observedGeneration: 1, conditions };
  const object = named("db", 8, {}, { status });
  sealedClient.watching.send({ type: "MODIFIED", object });
  await settle();
  retryFailed({ sealedSecrets, queue, drift });
  assert.deepEqual(await work(), []);
});

test("what says it is in sync waits until its Secret is known; what does not is looked at before", async (context) => {
  const clock = new FakeClock();
  const [sealedClient, secretClient] = [new ScriptedClient(), new ScriptedClient()];
  const client = (scripted: ScriptedClient) => scripted as unknown as KubeClient;
  const said = { status: { signet: { record: "r" } } };
  sealedClient.willList(
    page(10, [named("known", 5, {}, said), named("fresh", 6), named("gone", 7, {}, said)]),
  );
  const log = openLog(
    { level: "ERROR", format: "text", infoToStdout: true },
    { out: () => {}, err: () => {} },
  );
  const sealedSecrets = new SealedSecretCache({
    clock,
    namespaces: null,
    labelSelector: "",
    onError: () => undefined,
    client: client(sealedClient),
  });
  const secrets = new SecretCache({ clock, namespaces: null, log, client: client(secretClient) });
  const queue = new Workqueue({ clock });
  const drift = new SecretDrift(() => clock.monotonic());
  const disconnect = connectSources({ sealedSecrets, secrets, queue, drift, gone: () => undefined });
  const stopping = new AbortController();
  context.after(() => stopping.abort());
  void sealedSecrets.run(stopping.signal);
  await settle();
  const turns: string[] = [];
  void queue.run(1, async (key, priority) => void turns.push(`${key} ${priority}`), stopping.signal);
  await settle();
  assert.deepEqual(turns.splice(0), ["team/fresh resync"]);
  sealedClient.watching.send({ type: "DELETED", object: named("gone", 8) });
  sealedClient.watching.send({ type: "ADDED", object: named("later", 9) });
  await settle();
  assert.deepEqual(turns.splice(0), ["team/later new"]);
  secretClient.willList(page(10, [named("known", 6)]));
  void secrets.run(stopping.signal);
  await settle();
  await settle();
  assert.deepEqual(turns.splice(0), ["team/known resync"]);
  disconnect();
  sealedClient.watching.send({ type: "ADDED", object: named("after", 11) });
  secretClient.watching.send({ type: "DELETED", object: named("known", 12) });
  await settle();
  assert.deepEqual(turns, [], "nothing once the term has ended");
});

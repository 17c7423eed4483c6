import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Fault } from "../../embedded-cluster/faults.ts";
import { settledWithin } from "../../support/look-until.ts";
import { patienceMs } from "../../support/patience.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { type ControllerScene, controllerScene } from "./controller-scene.ts";

const key = pairSecret(await sealingPair(), "sealed-secrets-key1");

/** No answer is given up within a test: what waits for one that hangs does not end. */
const NEVER_MS = 3_600_000;

/** Stops, or fails where that waits for what does not come. */
async function stopInTime(scene: ControllerScene): Promise<void> {
  await settledWithin({ what: "the end", boundMs: patienceMs(25_000) }, scene.stop());
}

test("what is under way is carried to its end: Secret, status and event", async (context) => {
  const scene = await controllerScene(context, { keys: [key] });
  const slow = scene.cluster.faults.add({ method: "POST", path: /\/team\/secrets$/, delayMs: 400 });
  await scene.seal("db", { a: "1" });
  await scene.until("the write under way", () => slow.struck === 1);
  await stopInTime(scene);
  assert.deepEqual(scene.items("db"), { a: "1" });
  assert.equal(scene.condition("db", "Synced")?.status, "True");
  assert.ok(scene.events().some(({ reason }) => reason === "Unsealed"));
});

const hanging: [string, Fault][] = [
  ["the read of a Secret", { method: "GET", path: /\/team\/secrets\/db$/, effect: "hang" }],
  ["the write of a Secret", { method: "POST", path: /\/team\/secrets$/, effect: "hang" }],
  ["the write of a status", { method: "PUT", path: /\/status$/, effect: "hang" }],
  ["an event", { method: "POST", path: /\/events$/, effect: "hang" }],
  ["the list", { method: "GET", path: /\/sealedsecrets$/, effect: "hang" }],
  ["the list of keys", { method: "GET", path: /\/kube-system\/secrets$/, effect: "hang" }],
  ["the ConfigMap", { path: /\/configmaps/, effect: "hang" }],
  ["the identity of the cluster", { path: /\/namespaces\/kube-system$/, effect: "hang" }],
];
// Side by side: most of it is waiting.
describe("an API server that hangs does not hold up the end", { concurrency: 4 }, () => {
  for (const [name, fault] of hanging) {
    test(name, async (context) => {
      let struck = () => 0;
      const scene = await controllerScene(context, {
        keys: [key],
        requestTimeoutMs: NEVER_MS,
        prepare: ({ faults, store }) => {
          const added = faults.add(fault);
          struck = () => added.struck;
          // Only a Secret that is known to be there is read.
          if (name === "the read of a Secret")
            store.put({ apiVersion: "v1", kind: "Secret", metadata: { namespace: "team", name: "db" } });
          store.put({
            apiVersion: "bitnami.com/v1alpha1",
            kind: "SealedSecret",
            metadata: { namespace: "team", name: "db" },
            spec: { encryptedData: {} },
          });
        },
      });
      await scene.until("the hanging request", () => struck() > 0);
      await stopInTime(scene);
      assert.ok(!scene.lines.some((line) => line.includes("level=ERROR")), scene.lines.join(""));
    });
  }
});

test("stopped in the middle of many objects, a new controller finishes what is left and loses nothing", async (context) => {
  const scene = await controllerScene(context, { keys: [key], args: ["--concurrency=2"] });
  const creations = { method: "POST", path: /\/team\/secrets$/ };
  scene.cluster.faults.add({ ...creations, delayMs: 30, times: 8 });
  // So slow that the end comes before the last.
  scene.cluster.faults.add({ ...creations, delayMs: 1500 });
  const names = Array.from({ length: 20 }, (_, number) => `object-${number}`);
  for (const name of names) await scene.seal(name, { value: name });
  await scene.until("some", () => scene.items("object-2"));
  await stopInTime(scene);
  const done = names.filter((name) => scene.items(name) !== null);
  assert.ok(done.length < names.length, "stopped before the end");
  for (const name of done) assert.equal(scene.condition(name, "Synced")?.status, "True", name);
  scene.cluster.faults.clear();
  const next = await controllerScene(context, { on: scene.cluster });
  for (const name of names) await next.untilSynced(name, { value: name });
  const writes = next.secretWrites.filter(({ path }) => path.includes("/team/"));
  assert.equal(writes.length, names.length - done.length, "nothing is written twice");
});

test("a restart with nothing changed writes nothing", async (context) => {
  const scene = await controllerScene(context, { keys: [key] });
  for (const name of ["a", "b", "c"]) {
    await scene.seal(name, { value: name });
    await scene.untilSynced(name, { value: name });
  }
  await stopInTime(scene);
  const before = scene.cluster.requests.length;
  const next = await controllerScene(context, { on: scene.cluster });
  await next.until("all known again", async () =>
    /signet_sync_records_total\{result="match"\} 3/.test(await next.metrics()),
  );
  assert.match(await next.metrics(), /unseal_requests_total 0/);
  await next.stop();
  const after = scene.cluster.requests.slice(before);
  assert.deepEqual(
    after.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`),
    [],
  );
});

test("after the end no port is open, and stopping twice is as good as once", async (context) => {
  const scene = await controllerScene(context, { keys: [key] });
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  await stopInTime(scene);
  await scene.stop();
  await assert.rejects(scene.ask("/healthz"));
  await assert.rejects(scene.metrics());
});

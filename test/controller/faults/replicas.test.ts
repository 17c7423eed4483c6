import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { LeapingClock } from "../../support/leaping-clock.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { type ControllerScene, controllerScene, type SceneOptions } from "./controller-scene.ts";

const key = pairSecret(await sealingPair(), "sealed-secrets-key1");
/** Time passes as it does, since leases are counted by it; none runs out within a test, however slow the machine. */
const elected = {
  keys: [key],
  haste: 1,
  args: ["--leader-elect", "--lease-duration=1h", "--lease-renew-deadline=30m", "--lease-retry-period=500ms"],
};
const LEASES = "leases.coordination.k8s.io";

async function figure(scene: ControllerScene, name: string): Promise<number> {
  const line = (await scene.metrics()).split("\n").find((text) => text.startsWith(`${name} `));
  return Number(line?.split(" ")[1]);
}

const leads = async (scene: ControllerScene) => (await figure(scene, "signet_leader")) === 1;

const HOUR_MS = 3_600_000;

/** A leader with some objects in sync, and a replica that stands by. */
async function pair(context: Parameters<typeof controllerScene>[0], options: SceneOptions = {}) {
  const first = await controllerScene(context, { ...elected, ...options });
  await first.until("a leader", () => leads(first));
  for (const name of ["a", "b", "c"]) {
    await first.seal(name, { value: name });
    await first.untilSynced(name, { value: name });
  }
  const second = await controllerScene(context, { ...elected, on: first.cluster });
  await second.until("ready", async () => (await second.ask("/readyz")).status === 200);
  return { first, second };
}

test("a replica that stands by serves the API, writes nothing and tells nothing of objects", async (context) => {
  const { first, second } = await pair(context);
  assert.equal((await second.ask("/v1/cert.pem")).text, (await first.ask("/v1/cert.pem")).text);
  await first.seal("later", { value: "1" });
  await first.untilSynced("later", { value: "1" });
  assert.equal(await leads(second), false);
  const keys = second.keySecrets().length;
  await second.controller.generateKey();
  assert.equal(second.keySecrets().length, keys);
  assert.ok(
    second.lines.some((line) =>
      /level=WARN .*send the signal to the replica that leads" holder=\S+_/.test(line),
    ),
  );
  assert.deepEqual(second.secretWrites, []);
  assert.equal(await figure(second, "sealed_secrets_controller_unseal_requests_total"), 0);
  assert.ok(!(await second.metrics()).includes('name="a"'));
  assert.ok((await first.metrics()).includes('name="a"'));
  assert.ok(!second.lines.some((line) => line.includes("Event(")));
});

test("a leader that stops hands over at once; the next one opens nothing that is in sync", async (context) => {
  const { first, second } = await pair(context);
  await first.stop();
  // Its lease has an hour to run.
  await second.until("the next leader", () => leads(second));
  await second.until("all known again", async () =>
    (await second.metrics()).includes('signet_sync_records_total{result="match"} 3'),
  );
  assert.equal(await figure(second, "sealed_secrets_controller_unseal_requests_total"), 0);
  assert.match(await second.metrics(), /signet_private_key_operations_total\{purpose="open"\} 0/);
  assert.ok((await second.metrics()).includes('name="a"'), "the metrics of objects come with the lead");
  await second.seal("later", { value: "1" });
  await second.untilSynced("later", { value: "1" });
  assert.deepEqual(
    second.secretWrites.map(({ method }) => method),
    ["POST"],
  );
});

test("a leader that stops goes on answering for as long as it shall, and says that it is not ready", async (context) => {
  const clock = new LeapingClock(Date.now());
  const { first, second } = await pair(context, { clock });
  const certificate = await first.ask("/v1/cert.pem");
  const stopped = first.controller.stop(HOUR_MS);
  context.after(() => clock.leap(HOUR_MS));
  // It has given the lease back long before.
  await second.until("the next leader", () => leads(second));
  assert.deepEqual(await first.ask("/v1/cert.pem"), certificate);
  assert.equal((await first.ask("/readyz")).status, 503);
  assert.equal((await first.ask("/healthz")).status, 200);
  clock.leap(HOUR_MS);
  await stopped;
  await assert.rejects(first.ask("/v1/cert.pem"));
});

test("a leader whose lease somebody else takes stops working, and may lead again", async (context) => {
  const clock = new LeapingClock(Date.now());
  const scene = await controllerScene(context, { ...elected, clock });
  await scene.until("a leader", () => leads(scene));
  await scene.seal("a", { value: "1" });
  await scene.untilSynced("a", { value: "1" });
  const lease = scene.cluster.store.get(LEASES, "kube-system", "sealed-secrets-controller");
  assert.ok(lease !== null && lease !== undefined);
  const spec = { ...(lease["spec"] as object), holderIdentity: "other" };
  scene.cluster.store.put({ ...lease, spec });
  await scene.until("no leader", async () => !(await leads(scene)));
  assert.ok(!(await scene.metrics()).includes('name="a"'));
  const writes = scene.secretWrites.length;
  await scene.seal("b", { value: "1" });
  await sleep(700);
  assert.equal(scene.items("b"), null, "while another one leads");
  assert.equal(scene.secretWrites.length, writes);
  clock.leap(HOUR_MS);
  await scene.untilSynced("b", { value: "1" });
  assert.equal(await leads(scene), true);
});

test("without the right to the lease nothing is done, and the log says what is missing", async (context) => {
  const scene = await controllerScene(context, {
    ...elected,
    prepare: ({ faults }) => void faults.add({ path: /\/leases/, status: 403 }),
  });
  await scene.until("the word", () =>
    scene.lines.some((line) => /level=WARN .*leases/.test(line) && line.includes("--leader-elect=false")),
  );
  assert.equal(await leads(scene), false);
  assert.deepEqual(scene.secretWrites, []);
});

test("a leader that is stopped carries to its end what is under way, and then gives the lease back", async (context) => {
  const scene = await controllerScene(context, elected);
  await scene.until("a leader", () => leads(scene));
  const slow = scene.cluster.faults.add({ method: "POST", path: /\/team\/secrets$/, delayMs: 400 });
  await scene.seal("db", { a: "1" });
  await scene.until("the write under way", () => slow.struck === 1);
  await scene.stop();
  assert.deepEqual(scene.items("db"), { a: "1" });
  assert.equal(scene.condition("db", "Synced")?.status, "True");
  assert.ok(scene.events().some(({ reason }) => reason === "Unsealed"));
  const { cluster } = scene;
  const lease = cluster.store.get(LEASES, "kube-system", "sealed-secrets-controller");
  assert.match(JSON.stringify(lease), /"holderIdentity":""/);
});

test("a key that is asked for before anybody leads is made by who comes to lead", async (context) => {
  const { promise: allowed, resolve: allow } = Promise.withResolvers<void>();
  const scene = await controllerScene(context, {
    ...elected,
    prepare: ({ faults }) => {
      const refused = faults.add({ path: /\/leases/, status: 503 });
      void allowed.then(() => refused.remove());
    },
  });
  await scene.until("the key there is", async () => (await scene.ask("/v1/cert.pem")).status === 200);
  await scene.controller.generateKey();
  assert.equal(scene.keySecrets().length, 1);
  assert.ok(scene.lines.some((line) => line.includes("will be made if this replica comes to lead")));
  allow();
  await scene.until("a new key", () => scene.keySecrets().length === 2);
  await sleep(500);
  assert.equal(scene.keySecrets().length, 2, "one, and no more");
});

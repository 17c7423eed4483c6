import assert from "node:assert/strict";
import { test } from "node:test";
import { pairSecret, type SealingPair, sealingPair } from "../sealing-key.ts";
import { type KeyScene, keyScene, promoted, seals } from "./key-scene.ts";
import { lagging } from "./lagging-client.ts";
import type { Replica } from "./replica.ts";

const DAY = 86_400_000;
const [old, current] = await Promise.all([
  sealingPair(new Date(Date.now() - 2 * DAY)),
  sealingPair(new Date(Date.now() - DAY)),
]);

/** No watch brings anything from now on, until it is taken away; lists do. */
function blind(scene: KeyScene) {
  const fault = scene.cluster.faults.add({ method: "GET", path: /\/secrets$/, query: /watch=/, status: 503 });
  scene.cluster.dropWatches("reset", "secrets");
  return fault;
}

async function leading(scene: KeyScene, pair: SealingPair): Promise<Replica> {
  const replica = await scene.start();
  replica.lead(scene.lease);
  const known = () => scene.lease.annotations["signet.dev/sealing-key"];
  await scene.until("the lease to name it", () => known() === pair.fingerprint);
  return replica;
}

test("whoever begins to lead drops the keys that went while its watch was away", async (context) => {
  const scene = await keyScene(context, [pairSecret(old, "old"), pairSecret(current, "current")]);
  const replica = await scene.start();
  await scene.untilReady(replica);
  assert.equal(seals(replica), current.fingerprint);
  blind(scene);
  scene.remove("current");
  replica.lead(scene.lease);
  await scene.until("the key to be gone", () => seals(replica) === old.fingerprint);
  assert.equal(scene.keySecrets().length, 1);
});

test("a key taken in when it was written, and deleted before any watch showed it, does not stay", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const replica = await leading(scene, current);
  const fault = scene.cluster.faults.add({
    method: "GET",
    path: /\/secrets$/,
    query: /watch=/,
    effect: "hang",
  });
  scene.cluster.dropWatches("reset", "secrets");
  await scene.until("the watches to hang", () => fault.struck >= 2);
  await replica.manager.generate();
  assert.notEqual(seals(replica), current.fingerprint);
  scene.remove(replica.manager.ring.primary?.secretName ?? "");
  // No sooner than a watch that hangs is given up.
  await scene.until("it to be gone", () => seals(replica) === current.fingerprint, 20_000);
});

test("a key that was promoted right after it was written is not taken back by a watch that lags behind", async (context) => {
  const scene = await keyScene(context, [pairSecret(old, "old")]);
  const gate = { open: Promise.resolve() };
  const replica = await scene.start({}, (client) => lagging(client, gate));
  scene.annotate("old", promoted(60));
  replica.lead(scene.lease);
  await scene.until(
    "the lease to name it",
    () => scene.lease.annotations["signet.dev/sealing-key"] === old.fingerprint,
  );
  const { promise, resolve } = Promise.withResolvers<void>();
  gate.open = promise;
  await replica.manager.generate();
  const made = seals(replica);
  assert.notEqual(made, old.fingerprint);
  scene.put(pairSecret(current, "current"));
  resolve();
  await scene.until("what the watch shows", () => replica.manager.ring.holds(current.fingerprint));
  assert.equal(seals(replica), made);
  assert.deepEqual(
    replica.told.filter(({ type }) => type === "Warning"),
    [],
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pairSecret, type SealingPair, sealingPair } from "../sealing-key.ts";
import { alarm, changes, keyScene, promoted, seals, untilKnown, value } from "./key-scene.ts";

const DAY = 86_400_000;
const [current, planted] = await Promise.all(
  [-2, -1].map((days) => sealingPair(new Date(Date.now() + days * DAY))),
).then((pairs) => pairs as [SealingPair, SealingPair]);

test("an unexpected change raises event, metric and annotation, which stand until the next renewal", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const replica = await scene.start();
  const first = replica.lead(scene.lease);
  await untilKnown(scene, current);
  assert.equal(await value(replica, "signet_sealing_key_unexpected"), "0");
  assert.equal(alarm(scene), null);
  scene.put(pairSecret(planted, "planted"));
  await untilKnown(scene, planted);
  const raised = alarm(scene) ?? assert.fail("no annotation");
  assert.match(raised, /^\d{4}-\d\d-\d\dT\S+Z /);
  assert.deepEqual(raised.split(" ").slice(1), [current.fingerprint, planted.fingerprint]);
  assert.deepEqual(
    changes(replica).map(({ name }) => name),
    ["planted"],
  );
  assert.equal(await value(replica, "signet_sealing_key_unexpected"), "1");
  await first.end();
  assert.equal(await value(replica, "signet_sealing_key_unexpected"), "0", "standbys do not count");

  // The alarm outlives the leader, and the event is not repeated by the next one.
  const next = await scene.start();
  next.lead(scene.lease);
  await scene.until(
    "the alarm with the next leader",
    async () => (await value(next, "signet_sealing_key_unexpected")) === "1",
  );
  assert.deepEqual(changes(next), []);
  assert.equal(alarm(scene), raised);
  await next.manager.generate();
  await scene.until("the alarm to end", () => alarm(scene) === null);
  assert.equal(await value(next, "signet_sealing_key_unexpected"), "0");
  assert.equal(scene.configMap()?.metadata.name, "sealed-secrets-certificate");
});

for (const whatFails of ["nothing", "the publication"])
  test(`a key that sealed, and comes back after its Secret is gone, is unexpected; ${whatFails} failed while it sealed`, async (context) => {
    const scene = await keyScene(context, [pairSecret(current, "current")]);
    const replica = await scene.start({ order: "SecretCreationTimestamp" });
    replica.lead(scene.lease);
    await untilKnown(scene, current);
    const fault =
      whatFails === "nothing" ? null : scene.cluster.faults.add({ path: /configmaps/, status: 503 });
    await replica.manager.generate();
    const made = { fingerprint: seals(replica) ?? assert.fail() };
    if (fault === null) await untilKnown(scene, made);
    const secret = scene.keySecrets().find(({ metadata }) => metadata.name !== "current") ?? assert.fail();
    const { name = "" } = secret.metadata;
    // Of the same second, their names would decide which is newer.
    await scene.until("a second to be over", () => Date.now() >= secondAfter(secret.metadata));
    await replica.manager.generate();
    const next = { fingerprint: seals(replica) ?? assert.fail() };
    assert.notEqual(next.fingerprint, made.fingerprint);
    if (fault !== null) {
      // Gone before anything of it was recorded.
      scene.remove(name);
      await scene.until("it to be gone", () => !replica.manager.ring.holds(made.fingerprint));
      fault.remove();
    }
    await untilKnown(scene, next);
    assert.deepEqual(scene.lease.annotations["signet.dev/renewal"] ?? "", "");
    if (fault === null) scene.remove(name);
    await scene.until("it to be gone", () => !replica.manager.ring.holds(made.fingerprint));
    assert.deepEqual(changes(replica), []);

    const newest = { creationTimestamp: new Date(Date.now() + 2_000).toISOString() };
    scene.put({
      ...secret,
      metadata: { ...secret.metadata, ...newest, name: "brought-back", uid: "another" },
    });
    await untilKnown(scene, made);
    assert.deepEqual(
      changes(replica).map(({ name }) => name),
      ["brought-back"],
    );
    assert.notEqual(alarm(scene), null);
  });

test("keys that sealed under a leader that recorded none of them are struck by the next one", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const order = "SecretCreationTimestamp";
  const [first, second] = [await scene.start({ order }), await scene.start({ order })];
  const term = first.lead(scene.lease);
  await untilKnown(scene, current);
  const fault = scene.cluster.faults.add({ path: /configmaps/, status: 503 });
  await first.manager.generate();
  const made = scene.keySecrets().find(({ metadata }) => metadata.name !== "current") ?? assert.fail();
  await scene.until("a second to be over", () => Date.now() >= secondAfter(made.metadata));
  await first.manager.generate();
  const newest = { fingerprint: seals(first) ?? assert.fail() };
  await term.end();
  fault.remove();
  second.lead(scene.lease);
  await untilKnown(scene, newest);
  assert.equal(scene.lease.annotations["signet.dev/renewal"], "");
  assert.deepEqual(second.told, []);
});

test("a key that came to seal while the one before it was recorded is a renewal to the next leader, too", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const { promise: heldUntil, resolve: letGo } = Promise.withResolvers<void>();
  const held = scene.cluster.faults.add({ path: /configmaps/, heldUntil, times: 1 });
  const [first, second] = [await scene.start(), await scene.start()];
  const term = first.lead(scene.lease);
  await scene.until("the first record", () => held.struck === 1);
  await first.manager.generate();
  const made = { fingerprint: seals(first) ?? assert.fail() };
  assert.notEqual(made.fingerprint, current.fingerprint);
  // The record after that one does not come about, and the lead changes.
  const away = scene.cluster.faults.add({ method: "GET", path: /configmaps/, status: 503 });
  letGo();
  await untilKnown(scene, current);
  assert.equal(scene.lease.annotations["signet.dev/renewal"], made.fingerprint);
  await term.end();
  away.remove();
  assert.equal(scene.lease.annotations["signet.dev/sealing-key"], current.fingerprint);
  second.lead(scene.lease);
  await untilKnown(scene, made);
  assert.deepEqual(second.told, []);
  assert.equal(alarm(scene), null);
});

test("promoting the new key ends the alarm", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const replica = await scene.start();
  replica.lead(scene.lease);
  await untilKnown(scene, current);
  scene.put(pairSecret(planted, "planted"));
  await scene.until("the alarm", () => alarm(scene));
  scene.annotate("planted", promoted(0));
  await scene.until("its end", () => alarm(scene) === null);
  assert.equal(changes(replica).length, 1);
});

test("a change while nobody led is noticed by the next leader; without a lease nothing is raised", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const before = await scene.start();
  await before.lead(scene.lease).end();
  const term = before.lead(scene.lease);
  await untilKnown(scene, current);
  await term.end();
  scene.put(pairSecret(planted, "planted"));
  const next = await scene.start();
  next.lead(scene.lease);
  await scene.until("the event", () => changes(next)[0]);
  assert.equal(changes(next)[0]?.name, "planted");
  assert.ok(await scene.until("the alarm", () => alarm(scene)));

  const fresh = await keyScene(context, [pairSecret(current, "current"), pairSecret(planted, "planted")]);
  const first = await fresh.start();
  first.lead(fresh.lease);
  await untilKnown(fresh, planted);
  assert.deepEqual(first.told, []);
  assert.equal(alarm(fresh), null);
});

test("a leader whose watch lags behind raises no alarm over a key that the one before it made", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const [first, second] = [await scene.start(), await scene.start()];
  await scene.untilReady(second);
  const term = first.lead(scene.lease);
  await untilKnown(scene, current);
  // The second sees nothing any more, and its watch is not taken up again.
  const blind = scene.cluster.faults.add({ method: "GET", path: /\/secrets$/, query: /watch=/, status: 503 });
  scene.cluster.dropWatches("reset", "secrets");
  await first.manager.generate();
  const made = seals(first);
  await scene.until("the lease to name it", () => scene.lease.annotations["signet.dev/sealing-key"] === made);
  assert.equal(seals(second), current.fingerprint);
  await term.end();
  second.lead(scene.lease);
  await scene.until("the second to know it", () => seals(second) === made);
  assert.deepEqual(second.told, []);
  blind.remove();
});

test("a key whose writing got no answer before the term ended is the next leader's too", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const [first, second] = [
    await scene.start({ renewPeriodMs: DAY }),
    await scene.start({ renewPeriodMs: DAY }),
  ];
  const late = scene.cluster.faults.add({
    method: "POST",
    path: /\/secrets$/,
    effect: "hang",
    afterServing: true,
  });
  const term = first.lead(scene.lease);
  await scene.until("the key", () => late.struck > 0);
  late.remove();
  second.lead(scene.lease);
  await term.end();
  await scene.until(
    "the second to know it",
    () => seals(second) !== null && seals(second) !== current.fingerprint,
  );
  await sleep(200);
  assert.equal(scene.keySecrets().length, 2);
  assert.deepEqual(second.told, []);
});

test("a leader that was paused and does not know yet takes its successor's renewal for no intrusion", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const [paused, next] = [await scene.start(), await scene.start()];
  paused.lead(scene.lease);
  await untilKnown(scene, current);
  next.lead(scene.lease);
  await next.manager.generate();
  await scene.until("the new key there too", () => seals(paused) === seals(next));
  await scene.until(
    "it on the lease",
    () => scene.lease.annotations["signet.dev/sealing-key"] === seals(next),
  );
  assert.deepEqual([...paused.told, ...next.told], []);
  assert.equal(alarm(scene), null);
});

/** The first moment of the second after an object was made, in ms. */
function secondAfter({ creationTimestamp = "" }: { creationTimestamp?: string }): number {
  return Math.floor(Date.parse(creationTimestamp) / 1000) * 1000 + 1000;
}

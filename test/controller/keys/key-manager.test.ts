import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { NotLeadingError } from "../../../controller/runtime/term.ts";
import { successorName } from "../../../shared/seal/successor-name.node.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import { pairSecret, type SealingPair, sealingPair } from "../sealing-key.ts";
import { changes, keyScene, seals, untilKnown, untilSeals, value } from "./key-scene.ts";

const DAY = 86_400_000;
const PREFIX = "sealed-secrets-key";
const [old, current, planted] = await Promise.all(
  [-3, -2, -1].map((days) => sealingPair(new Date(Date.now() + days * DAY))),
).then((pairs) => pairs as [SealingPair, SealingPair, SealingPair]);
const unlabelled = (pair: SealingPair, name: string): SecretObject =>
  pairSecret(pair, name, { labels: { team: "ops" } });

test("a replica that stands by follows, writes nothing, and gets the leader's first key by its watch", async (context) => {
  const scene = await keyScene(context);
  const standby = await scene.start();
  await scene.until("the list", () => standby.manager.ready || scene.cluster.watchCount >= 2);
  await assert.rejects(standby.manager.generate(), NotLeadingError);
  await sleep(800);
  assert.deepEqual(scene.writes(), []);
  assert.equal(standby.manager.ready, false);
  const leader = await scene.start();
  leader.lead(scene.lease);
  await Promise.all([scene.untilReady(leader), scene.untilReady(standby)]);
  assert.equal(scene.keySecrets().length, 1);
  assert.equal(seals(standby), seals(leader));
  assert.equal(standby.manager.ring.id, leader.manager.ring.id);
  assert.equal(standby.added, 1);
  await leader.manager.generate();
  await scene.until("the second key on both", () => seals(standby) === seals(leader) && standby.added === 2);
  assert.equal(scene.keySecrets().length, 2);
  assert.deepEqual([...changes(leader), ...standby.told], []);
  assert.equal(
    await value(leader, 'signet_sealing_key_changes_total{cause="generated"}'.replace(/[{}"]/g, "\\$&")),
    "2",
  );
});

test("a term that ends leaves nothing under way, and the next one goes on", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const replica = await scene.start();
  const first = replica.lead(scene.lease);
  await untilKnown(scene, current);
  await first.end();
  await assert.rejects(replica.manager.generate(), NotLeadingError);
  replica.lead(scene.lease);
  await replica.manager.generate();
  assert.equal(scene.keySecrets().length, 2);
});

test("a term has not ended while a key is being made", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const replica = await scene.start();
  const { end } = replica.lead(scene.lease);
  await untilKnown(scene, current);
  let isSettled = false;
  const asked = assert.rejects(replica.manager.generate(), NotLeadingError);
  asked.finally(() => {
    isSettled = true;
  });
  await sleep(5);
  await end();
  await sleep(0);
  assert.equal(isSettled, true);
  await asked;
});

test("a key asked for before the keys are known succeeds the newest all the same", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  scene.cluster.faults.add({ method: "GET", path: /\/secrets$/, query: /^(?!.*watch=)/, delayMs: 1500 });
  const replica = await scene.start();
  replica.lead(scene.lease);
  await replica.manager.generate();
  const name = successorName(PREFIX, { cluster: "test", predecessor: current.fingerprint, counter: 0 });
  assert.deepEqual(
    scene.keySecrets().map((secret) => secret.metadata.name),
    ["current", name],
  );
});

test("no Secret is asked for but by the label or the name", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const replica = await scene.start();
  replica.lead(scene.lease);
  await untilKnown(scene, current);
  const selectors = scene.cluster.requests
    .filter(({ path }) => path.endsWith("/secrets"))
    .map(({ query }) => query.get("labelSelector") ?? query.get("fieldSelector"));
  assert.deepEqual([...new Set(selectors)].sort(), [
    `metadata.name=${PREFIX}`,
    `${KEY_LABEL} in (active,wrapped)`,
    // Whose signatures count no more.
    `${KEY_LABEL}=compromised`,
  ]);
});

test("a key asked for while the term ends is not made later", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const replica = await scene.start();
  const { end } = replica.lead(scene.lease);
  const asked = assert.rejects(replica.manager.generate(), NotLeadingError);
  await Promise.all([end(), asked]);
  assert.equal(scene.keySecrets().length, 1);
});

test("a key older than the cutoff is succeeded once in the life of a process", async (context) => {
  const cutoffTimeMs = Date.now() - 1.5 * DAY;
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const replica = await scene.start({ cutoffTimeMs });
  const first = replica.lead(scene.lease);
  await scene.until("a new key", () => scene.keySecrets().length === 2);
  await scene.until("it to seal", () => seals(replica) !== current.fingerprint);
  await first.end();
  // The new one is taken away, so that the old one seals again: it is no start of the process any more.
  for (const { metadata } of scene.keySecrets())
    if (metadata.name !== "current") scene.remove(metadata.name ?? "");
  await untilSeals(scene, replica, current);
  replica.lead(scene.lease);
  await sleep(400);
  assert.equal(scene.keySecrets().length, 1);
  const another = await scene.start({ cutoffTimeMs });
  another.lead(scene.lease);
  await scene.until("a new key of the new process", () => scene.keySecrets().length === 2);
});

test("a key newer than the cutoff stays; a cutoff to come makes one key at each start", async (context) => {
  const scene = await keyScene(context, [pairSecret(old, "old"), pairSecret(planted, "newer")]);
  const unmoved = await scene.start({ cutoffTimeMs: Date.now() - 1.5 * DAY });
  const first = unmoved.lead(scene.lease);
  await untilKnown(scene, planted);
  await sleep(200);
  assert.equal(scene.keySecrets().length, 2);
  scene.remove("newer");
  await untilKnown(scene, old);
  await sleep(200);
  assert.equal(scene.keySecrets().length, 1, "once it has started, falling back is no matter of the cutoff");
  await first.end();
  for (const count of [2, 3]) {
    const replica = await scene.start({ cutoffTimeMs: Date.now() + DAY });
    const term = replica.lead(scene.lease);
    await scene.until("one more key", () => scene.keySecrets().length === count);
    await sleep(200);
    assert.equal(scene.keySecrets().length, count);
    await term.end();
  }
});

test("the cutoff is owed until a key was made", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const lost = scene.cluster.faults.add({ method: "POST", path: /\/secrets$/, status: 500 });
  const replica = await scene.start({ cutoffTimeMs: Date.now() });
  const first = replica.lead(scene.lease);
  await scene.until("a failure", () => lost.struck > 0);
  await first.end();
  lost.remove();
  replica.lead(scene.lease);
  await scene.until("a new key", () => scene.keySecrets().length === 2);
});

test("a key of the bare prefix name counts without the label, and no other unlabelled one", async (context) => {
  const scene = await keyScene(context, [unlabelled(current, PREFIX), unlabelled(planted, `${PREFIX}other`)]);
  const replica = await scene.start();
  replica.lead(scene.lease);
  await untilKnown(scene, current);
  assert.equal(replica.manager.ring.openingKeys().length, 1);
  assert.deepEqual(
    scene.writes().filter((write) => write.endsWith("/secrets")),
    [],
    "and no new key is made",
  );
  assert.deepEqual(replica.told, []);
});

test("the prefix name is the one of the option", async (context) => {
  const scene = await keyScene(context, [unlabelled(current, PREFIX), unlabelled(old, "mine")]);
  const replica = await scene.start({
    prefix: "mine",
    style: { namespace: "kube-system", prefix: "mine", labels: {}, annotations: {} },
  });
  await untilSeals(scene, replica, old);
});

for (const label of ["compromised", "retired", ""]) {
  test(`a key of the bare prefix name labelled ${JSON.stringify(label)} does not count`, async (context) => {
    const secret = pairSecret(current, PREFIX, { labels: { [KEY_LABEL]: label } });
    const scene = await keyScene(context, [secret, pairSecret(old, "old")]);
    const replica = await scene.start();
    await untilSeals(scene, replica, old);
    assert.equal(replica.manager.ring.openingKeys().length, 1);
  });
}

test("the key of the prefix name follows its label live, and never leaves in between", async (context) => {
  const scene = await keyScene(context, [unlabelled(current, PREFIX), pairSecret(old, "old")]);
  const replica = await scene.start();
  replica.lead(scene.lease);
  await untilKnown(scene, current);
  scene.relabel(PREFIX, { [KEY_LABEL]: "active" });
  await sleep(300);
  scene.relabel(PREFIX, {});
  await sleep(300);
  assert.equal(seals(replica), current.fingerprint);
  assert.deepEqual(replica.told, []);
  scene.relabel(PREFIX, { [KEY_LABEL]: "compromised" });
  await untilSeals(scene, replica, old);
  scene.relabel(PREFIX, {});
  await untilSeals(scene, replica, current);
  scene.remove(PREFIX);
  await untilSeals(scene, replica, old);
});

test("the last key gone: the leader makes one, a standby none", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const [leader, standby] = [await scene.start(), await scene.start()];
  await scene.untilReady(standby);
  leader.lead(scene.lease);
  await untilKnown(scene, current);
  scene.remove("current");
  await scene.until("a new key on both", () => {
    const now = seals(leader);
    return now !== null && now !== current.fingerprint && seals(standby) === now;
  });
  for (const { lines } of [leader, standby])
    assert.ok(lines.some((line) => line.includes("Sealing key taken out")));
  assert.equal(scene.keySecrets().length, 1);
  assert.deepEqual(leader.told, []);
});

test("metrics tell since when the key that seals is used, and until when it is valid, on every replica", async (context) => {
  const scene = await keyScene(context, [pairSecret(old, "old"), pairSecret(current, "current")]);
  const replica = await scene.start();
  await untilSeals(scene, replica, current);
  const { notBefore, notAfter } = replica.manager.ring.primary?.certificate ?? assert.fail();
  await scene.until(
    "the metric",
    async () =>
      (await value(replica, "signet_sealing_key_created_seconds")) === `${notBefore.getTime() / 1000}`,
  );
  assert.equal(await value(replica, "signet_sealing_key_expires_seconds"), `${notAfter.getTime() / 1000}`);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { NotLeadingError } from "../../../controller/runtime/term.ts";
import { successorName } from "../../../shared/seal/successor-name.node.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import { PAIR_UID, pairSecret, type SealingPair, sealingPair } from "../sealing-key.ts";
import { type KeyScene, keyScene, promoted } from "./key-scene.ts";
import type { Replica } from "./replica.ts";

const DAY = 86_400_000;
const PREFIX = "sealed-secrets-key";
const [oldest, old, current, planted] = await Promise.all(
  [-4, -3, -2, -1].map((days) => sealingPair(new Date(Date.now() + days * DAY))),
).then((pairs) => pairs as [SealingPair, SealingPair, SealingPair, SealingPair]);

const seals = ({ manager }: Replica) => manager.ring.primary?.certificate.fingerprint ?? null;
const untilSeals = (scene: KeyScene, replica: Replica, pair: SealingPair, why = "it to seal") =>
  scene.until(why, () => seals(replica) === pair.fingerprint);
const changes = (replica: Replica) => replica.told.filter(({ reason }) => reason === "SealingKeyChanged");
const alarm = (scene: KeyScene) =>
  scene.configMap()?.metadata.annotations?.["signet.dev/sealing-key-changed"] ?? null;
const value = async (replica: Replica, metric: string) =>
  new RegExp(`^${metric} (\\S+)$`, "m").exec(await replica.metrics())?.[1];
const unlabelled = (pair: SealingPair, name: string): SecretObject =>
  pairSecret(pair, name, { labels: { team: "ops" } });
/** Waits until what the leader knows stands on the lease. */
const untilKnown = (scene: KeyScene, pair: SealingPair) =>
  scene.until(
    "the lease to name it",
    () => scene.lease.annotations["signet.dev/sealing-key"] === pair.fingerprint,
  );

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

test("the key promoted last seals, an older one too; without promotion the newest does", async (context) => {
  const scene = await keyScene(context, [
    pairSecret(oldest, "oldest"),
    pairSecret(old, "old"),
    pairSecret(current, "current"),
  ]);
  const replica = await scene.start();
  replica.lead(scene.lease);
  await untilKnown(scene, current);
  scene.annotate("old", promoted(60));
  await untilSeals(scene, replica, old);
  scene.annotate("oldest", promoted(30));
  await untilSeals(scene, replica, oldest);
  scene.annotate("current", promoted(90));
  await sleep(200);
  assert.equal(seals(replica), oldest.fingerprint);
  assert.deepEqual(
    replica.told.map(({ type, reason }) => `${type} ${reason}`),
    ["Normal SealingKeyPromoted", "Normal SealingKeyPromoted"],
    "promotion is no alarm",
  );
  assert.match(await replica.metrics(), /^signet_sealing_key_changes_total\{cause="promoted"\} 2$/m);
  assert.deepEqual(
    replica.manager.ring.openingKeys().map(({ fingerprint }) => fingerprint),
    [oldest, current, old].map(({ fingerprint }) => fingerprint),
    "all open, the one that seals first",
  );
  for (const name of ["oldest", "old", "current"]) scene.annotate(name, {});
  await untilSeals(scene, replica, current);
  await scene.until("the loss of a promotion to be told", () => changes(replica).length > 0);
});

test("a promotion that came with its Secret counts for nothing: it opens and does not seal until it is promoted", async (context) => {
  const scene = await keyScene(context, [
    pairSecret(old, "old"),
    pairSecret(current, "current", { annotations: promoted(60) }),
  ]);
  const replica = await scene.start();
  replica.lead(scene.lease);
  await untilKnown(scene, current);
  // As whoever may create Secrets, and no more, can have it: the uid is what he does not know.
  const [time] = promoted(1)["signet.dev/primary"]?.split(" ") ?? [];
  for (const mark of [time ?? "", `${time} ${PAIR_UID}`]) {
    const annotations = { "signet.dev/primary": mark };
    scene.put(pairSecret(planted, "planted", { annotations, uid: `of-${mark.length}` }));
    await scene.until("the event", () => replica.told.length > 0);
    assert.equal(seals(replica), current.fingerprint);
    assert.ok(replica.manager.ring.holds(planted.fingerprint));
    const next = await scene.start();
    await scene.untilReady(next);
    assert.equal(seals(next), current.fingerprint, "nor where it stood there at the start");
  }
  const told = () => replica.told.map(({ type, reason, name }) => `${type} ${reason} ${name}`);
  assert.deepEqual(told(), ["Warning PromotionIgnored planted"]);
  assert.match(replica.told[0]?.message ?? "", /does not name the uid of its Secret/);
  scene.remove("planted");
  scene.put(pairSecret(planted, "planted"));
  scene.annotate("planted", promoted(1));
  await untilSeals(scene, replica, planted);
  assert.deepEqual(told().slice(1), ["Normal SealingKeyPromoted planted"]);
});

test("a promotion that counts for nothing is told once, by the leader's event and every log", async (context) => {
  const scene = await keyScene(context, [
    pairSecret(old, "old", { annotations: { "signet.dev/primary": "tomorrow" } }),
    pairSecret(current, "current"),
  ]);
  const [leader, standby] = [await scene.start(), await scene.start()];
  leader.lead(scene.lease);
  await untilKnown(scene, current);
  assert.equal(seals(leader), current.fingerprint);
  await scene.until("the event", () => leader.told.length > 0);
  scene.annotate("old", { "signet.dev/primary": "tomorrow", more: "a" });
  scene.annotate("old", { "signet.dev/primary": "the day after", more: "b" });
  await sleep(300);
  assert.deepEqual(leader.told, [
    {
      type: "Warning",
      reason: "PromotionIgnored",
      message: "This promotion does not count: signet.dev/primary holds no time in RFC 3339",
      name: "old",
    },
  ]);
  assert.equal(standby.lines.filter((line) => line.includes("Promotion of a sealing key ignored")).length, 1);
  assert.deepEqual(standby.told, []);
});

test("a promotion for a time to come does not count, until the time has come by itself", async (context) => {
  const soon = { "signet.dev/primary": `${new Date(Date.now() + 310_000).toISOString()} ${PAIR_UID}` };
  const scene = await keyScene(context, [
    pairSecret(old, "old", { annotations: soon }),
    pairSecret(current, "current"),
  ]);
  const replica = await scene.start();
  replica.lead(scene.lease);
  await untilKnown(scene, current);
  assert.equal(replica.told[0]?.reason, "PromotionIgnored");
  scene.moveOn(10_000);
  // Looked at once a minute, which passes in three seconds.
  await scene.until("it to seal", () => seals(replica) === old.fingerprint, 30_000);
});

test("where a promotion is in force, the next new key carries one of its own and seals", async (context) => {
  const scene = await keyScene(context, [
    pairSecret(old, "old", { annotations: promoted(60) }),
    pairSecret(current, "current"),
  ]);
  const replica = await scene.start();
  replica.lead(scene.lease);
  await untilKnown(scene, old);
  await replica.manager.generate();
  const names = scene.keySecrets().map(({ metadata }) => metadata.name ?? "");
  const made = names.find((name) => name.startsWith(PREFIX));
  await scene.until("it to seal", () => replica.manager.ring.primary?.secretName === made);
  const annotations = scene.cluster.store.get("secrets", "kube-system", made ?? "")?.metadata.annotations;
  assert.match(annotations?.["signet.dev/primary"] ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \S{36}$/);
  assert.deepEqual(replica.told, []);
});

test("a promoted key is not renewed away because its certificate is old", async (context) => {
  const scene = await keyScene(context, [
    pairSecret(oldest, "oldest", { annotations: promoted(60) }),
    pairSecret(old, "old"),
  ]);
  const replica = await scene.start({ renewPeriodMs: 2 * DAY });
  replica.lead(scene.lease);
  await untilKnown(scene, oldest);
  await sleep(200);
  assert.equal(scene.keySecrets().length, 2);
});

test("a refused key Secret cannot be promoted", async (context) => {
  const mismatch = pairSecret({ ...old, certificatePem: oldest.certificatePem }, "bad", {
    annotations: promoted(60),
  });
  const scene = await keyScene(context, [mismatch, pairSecret(current, "current")]);
  const replica = await scene.start();
  replica.lead(scene.lease);
  await untilKnown(scene, current);
  assert.equal(seals(replica), current.fingerprint);
  assert.deepEqual(
    replica.told.map(({ reason }) => reason),
    ["SealingKeyRefused"],
  );
});

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

test("the last key gone: the leader makes one after a while, a standby none", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const [leader, standby] = [await scene.start(), await scene.start()];
  await scene.untilReady(standby);
  leader.lead(scene.lease);
  await untilKnown(scene, current);
  scene.remove("current");
  const gone = performance.now();
  await scene.until("no key", () => seals(leader) === null && seals(standby) === null);
  await scene.until("a new key on both", () => seals(leader) !== null && seals(standby) === seals(leader));
  // Ten seconds, hurried.
  assert.ok(performance.now() - gone >= 500);
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

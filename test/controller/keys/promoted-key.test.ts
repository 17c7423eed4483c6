import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { PAIR_UID, pairSecret, type SealingPair, sealingPair } from "../sealing-key.ts";
import { changes, keyScene, promoted, seals, untilKnown, untilSeals } from "./key-scene.ts";

const DAY = 86_400_000;
const PREFIX = "sealed-secrets-key";
const [oldest, old, current, planted] = await Promise.all(
  [-4, -3, -2, -1].map((days) => sealingPair(new Date(Date.now() + days * DAY))),
).then((pairs) => pairs as [SealingPair, SealingPair, SealingPair, SealingPair]);

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

import assert from "node:assert/strict";
import { test } from "node:test";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { type KeyScene, keyScene, promoted, seals } from "./key-scene.ts";
import type { Replica } from "./replica.ts";

const DAY = 86_400_000;
const [old, current] = await Promise.all([
  sealingPair(new Date(Date.now() - 40 * DAY)),
  sealingPair(new Date(Date.now() - 35 * DAY)),
]);
const CONFIRMED = { "signet.dev/backup-confirmed": "2030-01-01T00:00:00Z age1example" };
const AWAITS = { "signet.dev/awaits-backup": "true" };
const RESTORED = { "signet.dev/restored": "2030-01-01T00:00:00Z" };
const renewed = { renewPeriodMs: 30 * DAY };
const published = (scene: KeyScene, annotation: string) =>
  scene.configMap()?.metadata.annotations?.[`signet.dev/${annotation}`];
const reasons = ({ told }: Replica) => told.map(({ reason, name }) => `${reason} ${name}`);
async function gauge(replica: Replica, series: string): Promise<string | undefined> {
  const line = (await replica.metrics()).split("\n").find((one) => one.startsWith(`${series} `));
  return line?.slice(series.length + 1);
}
const newName = (scene: KeyScene) =>
  scene
    .keySecrets()
    .flatMap(({ metadata }) => (/^(?:old|current)$/.test(metadata.name ?? "") ? [] : [metadata.name ?? ""]));

test("renewal with required backups: the new key opens, waits and is told of; confirmed, it seals without a restart", async (context) => {
  const scene = await keyScene(context, [pairSecret(old, "old")]);
  const leader = await scene.start({ ...renewed, requireBackup: true });
  const standby = await scene.start({ ...renewed, requireBackup: true });
  leader.lead(scene.lease);
  await scene.until("the new key", () => newName(scene).length === 1);
  const [name = ""] = newName(scene);
  await scene.until("it to be known", () => standby.manager.ring.openingKeys().length === 2);
  assert.deepEqual([leader, standby].map(seals), [old.fingerprint, old.fingerprint]);
  await scene.until("it to be told", () => reasons(leader).includes(`SealingKeyAwaitsBackup ${name}`));
  assert.ok(reasons(leader).includes("SealingKeyNotBackedUp old"));
  const waiting = leader.manager.ring.heldBack.get(name)?.key.certificate.fingerprint;
  await scene.until("it to be published", () => published(scene, "sealing-keys-awaiting-backup") === waiting);
  assert.equal(published(scene, "require-backup"), "true");
  assert.equal(await gauge(standby, 'signet_sealing_keys_held_back{wants="backup"}'), "1");
  assert.equal(await gauge(leader, "signet_sealing_keys_without_backup"), "1");
  const secret = scene.keySecrets().find(({ metadata }) => metadata.name === name);
  assert.deepEqual(secret?.metadata.annotations, AWAITS);
  scene.annotate(name, { ...AWAITS, ...CONFIRMED });
  await scene.until("it to seal", () => [leader, standby].every((one) => seals(one) === waiting));
  await scene.until(
    "that to be published",
    () => published(scene, "sealing-keys-awaiting-backup") === undefined,
  );
  assert.equal(await gauge(leader, "signet_sealing_key_unexpected"), "0", "it is a renewal");
  assert.equal(await gauge(leader, 'signet_sealing_keys_held_back{wants="backup"}'), "0");
  scene.annotate("old", CONFIRMED);
  await scene.until(
    "no key without",
    async () => (await gauge(leader, "signet_sealing_keys_without_backup")) === "0",
  );
  assert.equal(newName(scene).length, 1);
});

test("without them a renewal is told of, and seals at once", async (context) => {
  const scene = await keyScene(context, [
    pairSecret(old, "old", { annotations: CONFIRMED }),
    pairSecret(current, "current"),
  ]);
  const leader = await scene.start(renewed);
  leader.lead(scene.lease);
  await scene.until("a new key to seal", () => ![null, current.fingerprint].includes(seals(leader)));
  const [name = ""] = newName(scene);
  assert.deepEqual(reasons(leader), ["SealingKeyNotBackedUp current"]);
  const told = leader.told.find(({ reason }) => reason === "SealingKeyNotBackedUp");
  assert.equal(told?.type, "Warning");
  assert.match(told?.message ?? "", /due for renewal, and no backup of it is confirmed: signet keys backup/);
  assert.equal(
    scene.keySecrets().find(({ metadata }) => metadata.name === name)?.metadata.annotations,
    undefined,
  );
  assert.equal(published(scene, "require-backup"), undefined);
});

test("a key whose backup is confirmed is renewed without a word", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current", { annotations: CONFIRMED })]);
  const leader = await scene.start(renewed);
  leader.lead(scene.lease);
  await scene.until("a new key to seal", () => ![null, current.fingerprint].includes(seals(leader)));
  assert.deepEqual(reasons(leader), []);
});

test("the first key of an empty cluster seals at once, and the one made after it waits", async (context) => {
  const scene = await keyScene(context);
  const leader = await scene.start({ requireBackup: true });
  leader.lead(scene.lease);
  await scene.untilReady(leader);
  const first = seals(leader);
  assert.ok(first);
  assert.equal(scene.keySecrets()[0]?.metadata.annotations, undefined);
  await leader.manager.generate();
  await scene.until("a second one", () => leader.manager.ring.openingKeys().length === 2);
  assert.equal(seals(leader), first);
});

test("restored keys alone: ready, none made in their stead, told; promoted, one seals", async (context) => {
  const scene = await keyScene(context, [
    pairSecret(old, "old", { annotations: RESTORED }),
    pairSecret(current, "current", { annotations: RESTORED }),
  ]);
  const leader = await scene.start({ renewPeriodMs: 1000 * DAY });
  leader.lead(scene.lease);
  await scene.untilReady(leader);
  await scene.until("both to be told", () => leader.told.length === 2);
  assert.deepEqual(reasons(leader).sort(), ["SealingKeyRestored current", "SealingKeyRestored old"]);
  const message = leader.told.find(({ name }) => name === "old")?.message ?? "";
  assert.ok(message.includes(`before it is promoted: signet keys promote ${old.fingerprint}`), message);
  assert.deepEqual([leader.manager.ready, seals(leader), scene.writes()], [true, null, []]);
  assert.equal(await gauge(leader, 'signet_sealing_keys_held_back{wants="promotion"}'), "2");
  scene.annotate("old", { ...RESTORED, ...promoted(60) });
  await scene.until("it to seal", () => seals(leader) === old.fingerprint);
  await scene.until("the certificate", () => scene.configMap() !== null);
  assert.equal(await gauge(leader, "signet_sealing_key_unexpected"), "0");
  assert.deepEqual(newName(scene), []);
});

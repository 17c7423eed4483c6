import assert from "node:assert/strict";
import { test } from "node:test";
import { foremostKeys } from "../../../cli/keys/foremost-keys.ts";
import type { KeySettings } from "../../../cli/keys/published-keys.ts";
import { readSealingKey } from "../../../cli/keys/sealing-key.ts";
import { PAIR_UID, pairSecret, sealingPair } from "../../controller/sealing-key.ts";
import { BACKED_UP, KMS_KEY, keysWorld, UNWRAPPING, WRAPPING } from "./keys-world.ts";

const PRIMARY = "signet.dev/primary";
const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
const DAY_MS = 86_400_000;
const [older, newer] = await Promise.all([sealingPair(new Date(Date.now() - DAY_MS / 2)), sealingPair()]);
const ended = await sealingPair(new Date(Date.now() - 2 * DAY_MS));
const promotionOf = (world: Awaited<ReturnType<typeof keysWorld>>, name: string) =>
  world.secret(name).metadata.annotations?.[PRIMARY];

test("an older key seals from now on, and it is shown what did before", async (context) => {
  const world = await keysWorld(context, [pairSecret(older, "one"), pairSecret(newer, "two")]);
  const { code, stdout, stderr } = await world.keys("promote", "one");
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  const [at = "", uid] = (promotionOf(world, "one") ?? "").split(" ");
  assert.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(
    uid,
    world.secret("one").metadata.uid,
    "nobody could have written it when the Secret was created",
  );
  assert.deepEqual(stderr.split("\n").slice(0, 2), [
    `before: ${newer.fingerprint} (two) seals`,
    `after: ${older.fingerprint} (one) seals, promoted ${at}`,
  ]);
  assert.deepEqual(world.writes(), ["PUT /api/v1/namespaces/kube-system/secrets/one"]);
  assert.equal(world.item("one", "tls.key"), older.privateKeyPem);
});

test("it is named by its fingerprint, and the promotion is later than every other that counts", async (context) => {
  const now = Math.floor(Date.now() / 1000) * 1000;
  const standing = new Date(now + 60_000).toISOString().replace(".000Z", "Z");
  const early = new Date(now + DAY_MS).toISOString();
  const world = await keysWorld(context, [
    pairSecret(older, "one"),
    pairSecret(newer, "two", { annotations: { [PRIMARY]: `${standing} ${PAIR_UID}` } }),
    pairSecret(ended, "three", { annotations: { [PRIMARY]: `${early} ${PAIR_UID}` } }),
  ]);
  const { code, stderr } = await world.keys("promote", older.fingerprint.slice(0, 20));
  assert.equal(code, 0, stderr);
  const later = new Date(now + 61_000).toISOString().replace(".000Z", "Z");
  assert.equal(promotionOf(world, "one"), `${later} ${PAIR_UID}`);
  assert.match(stderr, /warning: SHA256:\S+ \(three\) is promoted for a time to come, /);
});

test("what was promoted and seals keeps its time, as the next renewal counts from it", async (context) => {
  const at = new Date(Date.now() - DAY_MS / 4).toISOString().replace(/\.\d+Z$/, "Z");
  const before = new Date(Date.now() - DAY_MS / 3).toISOString();
  const world = await keysWorld(context, [
    pairSecret(older, "one", { annotations: { [PRIMARY]: `${at} ${PAIR_UID}` } }),
    pairSecret(newer, "two", { annotations: { [PRIMARY]: `${before} ${PAIR_UID}` } }),
  ]);
  world.publish({ certificatePem: older.certificatePem });
  for (const more of [[], ["--dry-run"]]) {
    const { code, stdout, stderr } = await world.keys("promote", "one", ...more);
    assert.deepEqual([code, stdout, world.writes()], [0, "", []]);
    assert.equal(stderr, `${older.fingerprint} (one) seals already, promoted ${at}: nothing is written\n`);
  }
  const settings = { ...UNWRAPPING, "signet.dev/sealing-key-changed": `${at} none ${older.fingerprint}` };
  world.publish({ settings, certificatePem: older.certificatePem });
  const alarmed = await world.keys("promote", "--dry-run", "one");
  assert.match(alarmed.stderr, /^it would be: \S+ \(one\) seals/m, "a promotion ends an alarm");
  // The controller lags behind, or the Secrets have another one seal.
  world.publish({ certificatePem: newer.certificatePem });
  assert.equal((await world.keys("promote", "one")).code, 0);
  assert.equal(world.writes().length, 1);
  const other = await world.keys("promote", "two");
  assert.match(other.stderr, /^after: \S+ \(two\) seals/m);
  assert.equal(world.writes().length, 2, "promoted by now, but before the other one");
});

test("what seals by its age alone is promoted, as a newer key would seal in its place", async (context) => {
  const world = await keysWorld(context, [pairSecret(older, "one"), pairSecret(newer, "two")]);
  assert.match((await world.keys("promote", "two")).stderr, /^after: /m);
  assert.equal(world.writes().length, 1);
});

test("a dry run writes nothing, and two names, none, or another's are refused", async (context) => {
  const world = await keysWorld(context, [pairSecret(older, "one"), pairSecret(newer, "two")]);
  const dry = await world.keys("promote", "--dry-run", "one");
  assert.deepEqual([dry.code, world.writes()], [0, []]);
  assert.match(dry.stderr, /^it would be: SHA256:\S+ \(one\) seals, promoted /m);
  assert.equal((await world.keys("promote")).code, 2);
  assert.equal((await world.keys("promote", "one", "two")).code, 2);
  assert.equal((await world.keys("promote", "none")).code, 1);
  assert.equal((await world.keys("promote", "one", "--all")).code, 2);
  assert.deepEqual(world.writes(), []);
});

test("a key from a backup is promoted by its whole fingerprint only", async (context) => {
  const restored = { annotations: { "signet.dev/restored": "2026-01-01T00:00:00Z" } };
  const world = await keysWorld(context, [pairSecret(older, "one", restored), pairSecret(newer, "two")]);
  for (const name of ["one", older.fingerprint.slice(0, 30)]) {
    const { code, stderr } = await world.keys("promote", name);
    assert.deepEqual([code, world.writes()], [1, []]);
    assert.match(stderr, /came from a backup: it is promoted by its whole fingerprint only/);
  }
  assert.equal((await world.keys("promote", older.fingerprint)).code, 0);
  assert.match(promotionOf(world, "one") ?? "", /Z \S+$/);
});

test("a key with which nobody would seal is not promoted", async (context) => {
  const out = { labels: { [KEY_LABEL]: "retired" } };
  const early = await sealingPair(new Date(Date.now() + DAY_MS));
  const world = await keysWorld(context, [
    pairSecret(older, "out", out),
    pairSecret(newer, "two"),
    pairSecret(ended, "ended"),
    pairSecret(early, "early"),
  ]);
  const refused = async (name: string) => {
    const { code, stderr } = await world.keys("promote", name);
    assert.equal(code, 1);
    return stderr;
  };
  assert.match(
    await refused("out"),
    /it was taken out \(retired\)[\s\S]*label secret out --overwrite \S+=active$/m,
  );
  assert.match(await refused("ended"), /its certificate ended/);
  assert.match(await refused("early"), /its certificate is not valid yet/);
  world.publish({ settings: WRAPPING, certificatePem: newer.certificatePem });
  assert.match(await refused("two"), /only wrapped keys seal[\s\S]*hint: wrap it first/);
  assert.deepEqual(world.writes(), []);
});

test("where a backup is wanted first, it is said what makes one", async (context) => {
  const waits = { annotations: { "signet.dev/awaits-backup": "true" } };
  const world = await keysWorld(context, [pairSecret(older, "one", waits), pairSecret(newer, "two")]);
  world.publish({
    settings: { ...WRAPPING, "signet.dev/sealing-key-wrap": "", "signet.dev/require-backup": "true" },
  });
  const { code, stderr } = await world.keys("promote", "one");
  assert.equal(code, 0, stderr);
  assert.match(stderr, /its backup is confirmed: signet keys backup --age RECIPIENT -w FILE, then, /);
});

test("whoever changed the Secret meanwhile is not overwritten", async (context) => {
  const world = await keysWorld(context, [pairSecret(older, "one"), pairSecret(newer, "two")]);
  world.cluster.faults.add({ method: "PUT", path: /\/secrets\/one$/, status: 409, times: 1 });
  const { code, stderr } = await world.keys("promote", "one");
  assert.equal(code, 1);
  assert.match(stderr, /Secret kube-system\/one was changed meanwhile/);
  assert.doesNotMatch(stderr, /^after:/m);
});

test("of what the Secrets say, the last promotion counts, else the newest key that may seal", () => {
  const now = new Date();
  const key = (pair: typeof older, name: string, annotations: Record<string, string> = {}) =>
    readSealingKey(pairSecret(pair, name, { annotations: { ...BACKED_UP, ...annotations } }));
  const settings = { wrap: null, unwrap: [], order: "CertNotBefore", requireBackup: false } as const;
  const names = (keys: Parameters<typeof foremostKeys>[0], more: Partial<KeySettings> = {}) =>
    foremostKeys(keys, { settings: { ...settings, ...more }, sealing: "" }, now).map(({ name }) => name);
  assert.deepEqual(names([key(older, "a"), key(newer, "b")]), ["b"]);
  assert.deepEqual(
    names([key(older, "a", { [PRIMARY]: `2026-01-01T00:00:00Z ${PAIR_UID}` }), key(newer, "b")]),
    ["a"],
  );
  assert.deepEqual(
    names([key(older, "a", { [PRIMARY]: `2999-01-01T00:00:00Z ${PAIR_UID}` }), key(newer, "b")]),
    ["b"],
  );
  assert.deepEqual(names([key(older, "a")], { wrap: KMS_KEY }), []);
  const restored = { "signet.dev/restored": "2026-01-01T00:00:00Z" };
  assert.deepEqual(names([key(older, "a"), key(newer, "b", restored)]), ["a"]);
  assert.deepEqual(
    names([key(older, "a"), key(newer, "b", { ...restored, [PRIMARY]: `2026-01-01T00:00:00Z ${PAIR_UID}` })]),
    ["b"],
  );
  const awaits = readSealingKey(pairSecret(newer, "b", { annotations: { "signet.dev/awaits-backup": "" } }));
  assert.deepEqual(names([key(older, "a"), awaits]), ["b"]);
  assert.deepEqual(names([key(older, "a"), awaits], { requireBackup: true }), ["a"]);
  assert.deepEqual(names([awaits], { requireBackup: true }), ["b"]);
  const unknown = foremostKeys([key(older, "a"), awaits], { settings: "not known", sealing: "" }, now);
  assert.deepEqual(
    unknown.map(({ name }) => name),
    ["b", "a"],
  );
  assert.deepEqual(names([]), []);
});

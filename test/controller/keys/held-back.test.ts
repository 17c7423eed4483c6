import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { keysWithoutBackup } from "../../../controller/keys/key-backups.ts";
import { KeyRing } from "../../../controller/keys/key-ring.ts";
import { PAIR_UID, pairSecret, sealingPair } from "../sealing-key.ts";
import { noneWrapped } from "./memory-wrapping.ts";

const NOW = new Date("2030-06-01T00:00:00Z");
const at = (day: number) => new Date(Date.UTC(2030, 4, day));
const [first, second, third] = await Promise.all([1, 2, 3].map((day) => sealingPair(at(day))));
if (first === undefined || second === undefined || third === undefined) throw new Error("no keys");

const AWAITS = { "signet.dev/awaits-backup": "true" };
const CONFIRMED = { "signet.dev/backup-confirmed": "2030-05-20T00:00:00Z age1example" };
const RESTORED = { "signet.dev/restored": "2030-05-31T00:00:00Z" };
const PROMOTED = { "signet.dev/primary": `2030-05-31T12:00:00Z ${PAIR_UID}` };

const ring = (rules: { requireBackup?: boolean; onlyWrappedSeal?: boolean } = {}) =>
  new KeyRing("CertNotBefore", () => NOW, { ...noneWrapped, ...rules });
const put = (keys: KeyRing, pair: typeof first, name: string, annotations: Record<string, string> = {}) =>
  keys.put(pairSecret(pair, name, { annotations }));
const seals = (keys: KeyRing) => keys.primary?.certificate.fingerprint ?? null;
const wants = (keys: KeyRing) => [...keys.heldBack].map(([name, held]) => [name, held.wants]);

suite("a key that came from a backup", () => {
  test("opens, and does not seal, however new it is", async () => {
    const keys = ring();
    await put(keys, first, "own");
    await put(keys, third, "restored", RESTORED);
    assert.equal(seals(keys), first.fingerprint);
    assert.equal(keys.openingKeys().length, 2);
    assert.deepEqual(wants(keys), [["restored", "promotion"]]);
    assert.equal(keys.newestTime?.getTime(), at(1).getTime(), "it postpones no renewal");
    assert.equal(keys.isHeldUp, false);
  });

  test("seals once it is promoted, and stops when that is taken back", async () => {
    const keys = ring();
    await put(keys, third, "own");
    await put(keys, first, "restored", RESTORED);
    await put(keys, first, "restored", { ...RESTORED, ...PROMOTED });
    assert.equal(seals(keys), first.fingerprint);
    assert.deepEqual(wants(keys), []);
    await put(keys, first, "restored", RESTORED);
    assert.equal(seals(keys), third.fingerprint);
  });

  test("is not promoted by a time to come", async () => {
    const keys = ring();
    await put(keys, first, "own");
    await put(keys, third, "restored", {
      ...RESTORED,
      "signet.dev/primary": `2031-01-01T00:00:00Z ${PAIR_UID}`,
    });
    assert.equal(seals(keys), first.fingerprint);
    assert.deepEqual(wants(keys), [["restored", "promotion"]]);
  });

  test("where there are none but such, nothing seals, and none is to be made in their stead", async () => {
    const keys = ring();
    assert.equal(keys.isHeldUp, false, "an empty ring wants a key");
    await put(keys, first, "one", RESTORED);
    await put(keys, second, "two", { "signet.dev/restored": "" });
    assert.equal(seals(keys), null);
    assert.equal(keys.isHeldUp, true);
    assert.equal(keys.openingKeys().length, 2);
    await put(keys, second, "two", { ...RESTORED, ...PROMOTED });
    assert.deepEqual([seals(keys), keys.isHeldUp], [second.fingerprint, false]);
    keys.remove("two");
    assert.equal(keys.isHeldUp, true);
    await put(keys, third, "own");
    assert.deepEqual([seals(keys), keys.isHeldUp], [third.fingerprint, false]);
  });

  test("beside keys that lie open where only wrapped ones seal, one is to be made", async () => {
    const keys = ring({ onlyWrappedSeal: true });
    await put(keys, first, "restored", RESTORED);
    assert.equal(keys.isHeldUp, true);
    await put(keys, second, "plain");
    assert.deepEqual([seals(keys), keys.isHeldUp], [null, false]);
  });
});

suite("a new key where backups are required", () => {
  test("does not seal before its backup is confirmed; then it does, at once", async () => {
    const keys = ring({ requireBackup: true });
    await put(keys, first, "old");
    await put(keys, second, "new", AWAITS);
    assert.equal(seals(keys), first.fingerprint);
    assert.deepEqual(wants(keys), [["new", "backup"]]);
    assert.equal(keys.isHeldUp, true, "no third one is made meanwhile");
    assert.equal(keys.newestTime?.getTime(), at(2).getTime());
    assert.equal(keys.hasHadItsTurn(second.fingerprint), false);
    const { primary } = await put(keys, second, "new", { ...AWAITS, ...CONFIRMED });
    assert.deepEqual(primary, { from: first.fingerprint, to: second.fingerprint });
    assert.deepEqual([wants(keys), keys.isHeldUp], [[], false]);
    assert.equal(keys.hasHadItsTurn(second.fingerprint), true);
  });

  test("an empty word confirms nothing", async () => {
    const keys = ring({ requireBackup: true });
    await put(keys, first, "old");
    await put(keys, second, "new", { ...AWAITS, "signet.dev/backup-confirmed": "" });
    assert.equal(seals(keys), first.fingerprint);
  });

  test("a promotion does not confirm it", async () => {
    const keys = ring({ requireBackup: true });
    await put(keys, first, "old");
    const { promotionProblem } = await put(keys, second, "new", { ...AWAITS, ...PROMOTED });
    assert.deepEqual([seals(keys), promotionProblem], [first.fingerprint, null]);
  });

  test("waits for nothing where they are not", async () => {
    const keys = ring();
    await put(keys, first, "old");
    await put(keys, second, "new", AWAITS);
    assert.deepEqual([seals(keys), wants(keys), keys.isHeldUp], [second.fingerprint, [], false]);
  });

  test("keys from before, which say nothing of backups, go on as they were", async () => {
    const keys = ring({ requireBackup: true });
    await put(keys, first, "one");
    await put(keys, second, "two");
    assert.deepEqual([seals(keys), keys.isHeldUp], [second.fingerprint, false]);
  });

  test("seals all the same where nothing else could", async () => {
    const keys = ring({ requireBackup: true });
    await put(keys, first, "old");
    await put(keys, second, "new", AWAITS);
    keys.remove("old");
    assert.deepEqual([seals(keys), wants(keys)], [second.fingerprint, []]);
    await put(keys, first, "old", RESTORED);
    assert.equal(seals(keys), second.fingerprint);
  });

  test("an older one that still waits holds nothing up", async () => {
    const keys = ring({ requireBackup: true });
    await put(keys, first, "waiting", AWAITS);
    await put(keys, second, "confirmed", { ...AWAITS, ...CONFIRMED });
    assert.deepEqual([seals(keys), keys.isHeldUp], [second.fingerprint, false]);
    assert.deepEqual(wants(keys), [["waiting", "backup"]]);
  });
});

test("keys whose renewal is due or past, and of which no backup is confirmed", async () => {
  const keys = ring();
  await put(keys, first, "one");
  await put(keys, second, "two", CONFIRMED);
  await put(keys, third, "three");
  const DAY = 86_400_000;
  const names = (periodMs: number, now: Date) =>
    keysWithoutBackup(keys, periodMs, now).map(({ secretName }) => secretName);
  assert.deepEqual(names(30 * DAY, at(30)), []);
  assert.deepEqual(names(30 * DAY, at(31)), ["one"]);
  assert.deepEqual(names(30 * DAY, at(60)), ["three", "one"]);
  assert.deepEqual(names(0, at(60)), [], "renewal is off");
});

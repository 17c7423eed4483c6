import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyRing, type RingKey } from "../../../controller/keys/key-ring.ts";
import { PrimaryGuard } from "../../../controller/keys/primary-guard.ts";
import { PRIMARY_ANNOTATION } from "../../../controller/keys/promotion.ts";
import {
  announceAttempt,
  attemptsOn,
  firstAttempt,
  recordKnownKey,
} from "../../../controller/keys/sealing-key-record.ts";
import { PAIR_UID, pairSecret, type SealingPair, sealingPair } from "../sealing-key.ts";
import { noneWrapped } from "./memory-wrapping.ts";
import { TestLease } from "./test-lease.ts";

const NOW = new Date("2030-06-01T12:00:00Z");
const [a, b, c] = await Promise.all([1, 2, 3].map((day) => sealingPair(new Date(Date.UTC(2030, 4, day)))));
const stands = (pair: SealingPair | undefined) => pair ?? assert.fail();

async function primary(pair: SealingPair | undefined, promotedAt?: string): Promise<RingKey> {
  const ring = new KeyRing("CertNotBefore", () => NOW, noneWrapped);
  const annotations = promotedAt === undefined ? {} : { [PRIMARY_ANNOTATION]: `${promotedAt} ${PAIR_UID}` };
  await ring.put(pairSecret(stands(pair), "key", { annotations }));
  return ring.primary ?? assert.fail();
}
const kindOf = (guard: PrimaryGuard, key: RingKey) => guard.judge(key, NOW)?.kind ?? "same";
const { fingerprint: A } = stands(a);
const { fingerprint: B } = stands(b);
const { fingerprint: C } = stands(c);

async function leaseKnowing(fingerprint: string, attempts: string[] = []): Promise<TestLease> {
  const lease = new TestLease();
  for (const attempt of attempts) await announceAttempt(lease.begin(), attempt, () => false);
  await recordKnownKey(lease.begin(), fingerprint);
  return lease;
}

test("with nothing known the first key is no news, and no alarm", async () => {
  const guard = new PrimaryGuard(new TestLease().begin());
  assert.deepEqual(guard.judge(await primary(a), NOW), { kind: "first", from: null, to: A });
  assert.equal(guard.adopt(null), null);
  assert.equal(kindOf(guard, await primary(a)), "same");
});

test("the key that the lease names is the same, whoever leads", async () => {
  const lease = await leaseKnowing(A);
  assert.equal(kindOf(new PrimaryGuard(lease.begin()), await primary(a)), "same");
});

test("another one is unexpected, also when it changed while nobody led", async () => {
  const lease = await leaseKnowing(A);
  const guard = new PrimaryGuard(lease.begin());
  assert.deepEqual(guard.judge(await primary(b), NOW), { kind: "unexpected", from: A, to: B });
  assert.equal(guard.alarm, `2030-06-01T12:00:00.000Z ${A} ${B}`);
  assert.equal(kindOf(guard, await primary(b)), "same");
  assert.equal(kindOf(guard, await primary(a)), "unexpected", "and back");
  assert.equal(guard.alarm, `2030-06-01T12:00:00.000Z ${B} ${A}`);
});

test("one that a leader announced is a renewal, also of a leader before us", async () => {
  for (const attempts of [[B], [B, C], [C, B]]) {
    const lease = await leaseKnowing(A, attempts);
    assert.equal(kindOf(new PrimaryGuard(lease.begin()), await primary(b)), "renewal");
  }
});

test("a key that was announced once and succeeded is not a renewal for ever", async () => {
  const lease = await leaseKnowing(B, [B]);
  const term = lease.begin();
  await announceAttempt(term, C, () => false);
  assert.deepEqual(attemptsOn(term), [C]);
  await recordKnownKey(term, C);
  assert.equal(kindOf(new PrimaryGuard(lease.begin()), await primary(b)), "unexpected");
});

test("what has sealed is announced no more: brought back by somebody else, it is unexpected", async () => {
  const lease = await leaseKnowing(A, [B, C]);
  await recordKnownKey(lease.begin(), B);
  assert.deepEqual(attemptsOn(lease.begin()), [C]);
  await recordKnownKey(lease.begin(), A);
  assert.equal(kindOf(new PrimaryGuard(lease.begin()), await primary(b)), "unexpected");
  // Of a leader from before, which left it there.
  const former = new TestLease();
  former.annotations = { "signet.dev/sealing-key": A, "signet.dev/renewal": A };
  await recordKnownKey(former.begin(), A);
  assert.deepEqual(attemptsOn(former.begin()), []);
});

test("open attempts stay on the lease, the first one always; what is in the ring is no attempt", async () => {
  const term = new TestLease().begin();
  for (const attempt of ["1", "2", "2", "3"]) await announceAttempt(term, attempt, () => false);
  assert.deepEqual(attemptsOn(term), ["3", "2", "1"]);
  for (let attempt = 4; attempt < 40; attempt++) await announceAttempt(term, `${attempt}`, () => false);
  assert.equal(attemptsOn(term).length, 10);
  assert.equal(attemptsOn(term)[0], "39");
  assert.equal(firstAttempt(term), "1");
  await announceAttempt(term, "40", (one) => one === "1");
  assert.ok(!attemptsOn(term).includes("1"));
});

test("a promotion is no alarm and clears one; losing it is one", async () => {
  const guard = new PrimaryGuard((await leaseKnowing(A)).begin());
  guard.adopt(null);
  assert.equal(kindOf(guard, await primary(b)), "unexpected");
  assert.equal(kindOf(guard, await primary(c, "2030-05-20T00:00:00Z")), "promotion");
  assert.equal(guard.alarm, null);
  assert.equal(kindOf(guard, await primary(b)), "unexpected");
});

test("falling back to a key that was promoted earlier is no promotion", async () => {
  const guard = new PrimaryGuard((await leaseKnowing(A)).begin());
  assert.equal(kindOf(guard, await primary(c, "2030-05-20T00:00:00Z")), "promotion");
  assert.equal(kindOf(guard, await primary(b, "2030-05-19T00:00:00Z")), "unexpected");
});

test("promoting the key that seals already settles the alarm", async () => {
  const guard = new PrimaryGuard((await leaseKnowing(A)).begin());
  assert.equal(kindOf(guard, await primary(b)), "unexpected");
  assert.equal(kindOf(guard, await primary(b, "2030-06-01T11:00:00Z")), "same");
  assert.equal(guard.alarm, null);
});

test("a renewal clears the alarm", async () => {
  const lease = await leaseKnowing(A);
  const term = lease.begin();
  const guard = new PrimaryGuard(term);
  guard.judge(await primary(b), NOW);
  await announceAttempt(term, C, () => false);
  assert.equal(kindOf(guard, await primary(c)), "renewal");
  assert.equal(guard.alarm, null);
  assert.equal(guard.adopt("left over"), null);
});

test("an alarm that an earlier leader left stands, until a promotion later than it", async () => {
  const left = `2030-06-01T00:00:00.000Z ${B} ${A}`;
  const cases: [promotedAt: string | undefined, stands: string | null][] = [
    [undefined, left],
    ["2030-05-31T23:00:00Z", left],
    ["2030-06-01T01:00:00Z", null],
  ];
  for (const [promotedAt, expected] of cases) {
    const guard = new PrimaryGuard((await leaseKnowing(A)).begin());
    assert.equal(kindOf(guard, await primary(a, promotedAt)), "same");
    assert.equal(guard.adopt(left), expected);
    assert.equal(guard.alarm, expected);
  }
});

test("an alarm that is raised now is not replaced by one that was left", async () => {
  const guard = new PrimaryGuard((await leaseKnowing(A)).begin());
  guard.judge(await primary(b), NOW);
  assert.match(guard.adopt("left over") ?? "", /^2030-06-01T12/);
});

test("somebody else's scribble in place of an alarm stands as it is", async () => {
  const guard = new PrimaryGuard((await leaseKnowing(A)).begin());
  guard.judge(await primary(a, "2030-06-01T01:00:00Z"), NOW);
  assert.equal(guard.adopt("scribble"), "scribble");
});

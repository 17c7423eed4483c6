import assert from "node:assert/strict";
import { test } from "node:test";
import { nextStatus, type StatusHolder, type Verdict } from "../../../controller/reconcile/conditions.ts";
import type { Condition } from "../../../shared/sealed-secret.ts";

const T1 = "2030-01-01T00:00:01Z";
const T2 = "2030-01-01T00:00:02Z";
const T3 = "2030-01-01T00:00:03Z";
const IN_SYNC: Verdict = { kind: "in-sync", warning: "" };
const failure = (message: string, stalled: boolean): Verdict => ({
  kind: "failed",
  reason: stalled ? "UnsealFailed" : "UpdateFailed",
  message,
  stalled,
});

/** An object after the verdicts, each at its time and generation. */
function after(...steps: [verdict: Verdict, now: string, generation?: number][]): StatusHolder {
  let holder: StatusHolder = { metadata: { generation: 1 } };
  for (const [verdict, now, generation = 1] of steps) {
    holder = { ...holder, metadata: { generation } };
    holder = { ...holder, status: nextStatus(holder, verdict, now) ?? holder.status };
  }
  return holder;
}

const told = ({ status }: StatusHolder) =>
  (status?.conditions ?? []).map(({ type, status: value, reason, message }) =>
    [type, value, reason, message].filter((part) => part !== undefined).join(" "),
  );
const condition = ({ status }: StatusHolder, type: string): Condition =>
  status?.conditions?.find((one) => one.type === type) ?? assert.fail(`no condition ${type}`);

test("in sync: Synced first, then Ready, both True, without a message", () => {
  const holder = after([IN_SYNC, T1]);
  assert.deepEqual(told(holder), ["Synced True Unsealed", "Ready True Unsealed"]);
  assert.equal(holder.status?.observedGeneration, 1);
  assert.ok(!Object.hasOwn(condition(holder, "Synced"), "message"));
});

test("a warning about an object in sync stands in Ready alone, and goes when it no longer holds", () => {
  const warned: Verdict = { kind: "in-sync", warning: "url reads host, a template too" };
  const holder = after([warned, T1]);
  assert.deepEqual(told(holder), [
    "Synced True Unsealed",
    "Ready True Unsealed url reads host, a template too",
  ]);
  assert.equal(nextStatus(holder, warned, T2), null);
  assert.deepEqual(told(after([warned, T1], [IN_SYNC, T2])), ["Synced True Unsealed", "Ready True Unsealed"]);
});

test("stalled: Synced and Ready False, Stalled True, each with reason and message", () => {
  assert.deepEqual(told(after([failure("no key", true), T1])), [
    "Synced False UnsealFailed no key",
    "Ready False UnsealFailed no key",
    "Stalled True UnsealFailed no key",
  ]);
});

test("a passing fault of a new object: Synced False, Reconciling True", () => {
  assert.deepEqual(told(after([failure("away", false), T1])), [
    "Synced False UpdateFailed away",
    "Ready False UpdateFailed away",
    "Reconciling True UpdateFailed away",
  ]);
});

test("a passing fault of an object in sync leaves Synced True and untouched", () => {
  const good = after([IN_SYNC, T1]);
  const holder = after([IN_SYNC, T1], [failure("away", false), T2]);
  assert.deepEqual(told(holder), [
    "Synced True Unsealed",
    "Ready False UpdateFailed away",
    "Reconciling True UpdateFailed away",
  ]);
  assert.deepEqual(condition(holder, "Synced"), condition(good, "Synced"));
  // And again, with another message.
  const again = after([IN_SYNC, T1], [failure("away", false), T2], [failure("still away", false), T3]);
  assert.deepEqual(condition(again, "Synced"), condition(good, "Synced"));
  assert.equal(condition(again, "Ready").message, "still away");
});

test("what was read from Vault is noted and taken away with a success; a failure leaves it", () => {
  const [one, two] = [1, 2].map((version) => ({ items: { a: { version, lastSyncTime: T1 } } }));
  const holder = after([IN_SYNC, T1]);
  const noted = { ...holder, status: nextStatus(holder, IN_SYNC, T2, null, one) ?? assert.fail() };
  assert.deepEqual(noted.status.vault, one);
  assert.equal(nextStatus(noted, IN_SYNC, T3, null, structuredClone(one)), null, "nothing is new");
  assert.deepEqual(nextStatus(noted, IN_SYNC, T3, null, two)?.vault, two);
  assert.deepEqual(nextStatus(noted, failure("away", false), T3)?.vault, one);
  assert.deepEqual(nextStatus(noted, failure("gone", true), T3)?.vault, one);
  const without = nextStatus(noted, IN_SYNC, T3, null, null) ?? assert.fail();
  assert.ok(!Object.hasOwn(without, "vault"));
});

test("a passing fault at a new generation is not in sync", () => {
  const holder = after([IN_SYNC, T1], [failure("away", false), T2, 2]);
  assert.equal(condition(holder, "Synced").status, "False");
});

test("a passing fault after a stall is not in sync", () => {
  const holder = after([failure("no key", true), T1], [failure("away", false), T2]);
  assert.deepEqual(told(holder), [
    "Synced False UpdateFailed away",
    "Ready False UpdateFailed away",
    "Reconciling True UpdateFailed away",
  ]);
});

test("a stall of an object in sync is told on Synced", () => {
  assert.equal(condition(after([IN_SYNC, T1], [failure("no key", true), T2]), "Synced").status, "False");
});

test("mended: Reconciling and Stalled are gone", () => {
  for (const stalled of [true, false]) {
    const holder = after([failure("x", stalled), T1], [IN_SYNC, T2]);
    assert.deepEqual(told(holder), ["Synced True Unsealed", "Ready True Unsealed"]);
  }
});

test("Reconciling gives way to Stalled, and back", () => {
  const types = (holder: StatusHolder) => holder.status?.conditions?.map(({ type }) => type);
  assert.deepEqual(types(after([failure("a", false), T1], [failure("b", true), T2])), [
    "Synced",
    "Ready",
    "Stalled",
  ]);
  assert.deepEqual(types(after([failure("a", true), T1], [failure("b", false), T2])), [
    "Synced",
    "Ready",
    "Reconciling",
  ]);
});

test("a new message at the same generation is written, with an update time and no transition", () => {
  const holder = after([failure("first", true), T1], [failure("second", true), T2]);
  const synced = condition(holder, "Synced");
  assert.equal(synced.message, "second");
  assert.equal(synced.lastUpdateTime, T2);
  assert.equal(synced.lastTransitionTime, T1);
});

test("a new reason with the same message is written", () => {
  const holder = after([failure("x", true), T1]);
  const verdict: Verdict = { kind: "failed", reason: "NotManaged", message: "x", stalled: true };
  assert.equal(nextStatus(holder, verdict, T2)?.conditions?.[0]?.reason, "NotManaged");
});

test("the first success has equal update and transition times", () => {
  const synced = condition(after([IN_SYNC, T1]), "Synced");
  assert.equal(synced.lastUpdateTime, T1);
  assert.equal(synced.lastTransitionTime, T1);
});

test("a success of the next generation is written, with a later update than transition", () => {
  const holder = after([IN_SYNC, T1, 1], [IN_SYNC, T2, 2]);
  assert.equal(holder.status?.observedGeneration, 2);
  for (const type of ["Synced", "Ready"]) {
    const one = condition(holder, type);
    assert.equal(one.observedGeneration, 2);
    assert.equal(one.lastUpdateTime, T2);
    assert.equal(one.lastTransitionTime, T1);
  }
});

test("a change of the value is a transition", () => {
  const holder = after([IN_SYNC, T1], [failure("x", true), T2], [IN_SYNC, T3]);
  assert.equal(condition(holder, "Synced").lastTransitionTime, T3);
  assert.equal(condition(holder, "Synced").lastUpdateTime, T3);
});

for (const [name, verdict] of Object.entries({
  "in sync": IN_SYNC,
  stalled: failure("x", true),
  "passing fault": failure("x", false),
})) {
  test(`nothing is written when nothing changed: ${name}`, () => {
    assert.equal(nextStatus(after([verdict, T1]), verdict, T2), null);
  });
}

test("a passing fault of an object in sync is written once", () => {
  assert.equal(nextStatus(after([IN_SYNC, T1], [failure("x", false), T2]), failure("x", false), T3), null);
});

test("conditions of others stay behind ours, with all they hold", () => {
  const theirs = { type: "Audited", status: "Unknown", reason: "Later", extra: { kept: true } } as Condition;
  const holder: StatusHolder = {
    metadata: { generation: 1 },
    status: { conditions: [theirs], observedGeneration: 1 },
  };
  const status = nextStatus(holder, IN_SYNC, T1);
  assert.deepEqual(
    status?.conditions?.map(({ type }) => type),
    ["Synced", "Ready", "Audited"],
  );
  assert.deepEqual(status?.conditions?.[2], theirs);
  assert.equal(nextStatus({ ...holder, status: status ?? undefined }, IN_SYNC, T2), null);
});

test("ours that stand behind others are put first", () => {
  const good = after([IN_SYNC, T1]).status?.conditions ?? [];
  const theirs: Condition = { type: "Audited", status: "True" };
  const status = nextStatus(
    { metadata: { generation: 1 }, status: { observedGeneration: 1, conditions: [theirs, ...good] } },
    IN_SYNC,
    T2,
  );
  assert.deepEqual(
    status?.conditions?.map(({ type }) => type),
    ["Synced", "Ready", "Audited"],
  );
  assert.equal(status?.conditions?.[0]?.lastUpdateTime, T1);
});

test("a status as the reference left it becomes ours, its transition time kept", () => {
  const holder: StatusHolder = {
    metadata: { generation: 3 },
    status: {
      observedGeneration: 3,
      conditions: [{ type: "Synced", status: "True", lastTransitionTime: T1, lastUpdateTime: T1 }],
    },
  };
  const status = nextStatus(holder, IN_SYNC, T2);
  assert.deepEqual(status?.conditions?.[0], {
    type: "Synced",
    status: "True",
    reason: "Unsealed",
    lastUpdateTime: T2,
    lastTransitionTime: T1,
    observedGeneration: 3,
  });
  // Its good word also stands through a passing fault.
  assert.equal(nextStatus(holder, failure("away", false), T2)?.conditions?.[0]?.status, "True");
});

test("other fields of the status stay", () => {
  const holder: StatusHolder = { metadata: { generation: 1 }, status: { vault: { a: "b" } } };
  assert.deepEqual(nextStatus(holder, IN_SYNC, T1)?.vault, { a: "b" });
});

test("the record is written with the verdict, anew when it is another, and goes when the object fails", () => {
  const first = nextStatus({ metadata: { generation: 1 } }, IN_SYNC, T1, { record: "one" });
  assert.deepEqual(first?.signet, { record: "one" });
  const holder: StatusHolder = { metadata: { generation: 1 }, status: first ?? {} };
  assert.equal(
    nextStatus(holder, IN_SYNC, T2, { record: "one" }),
    null,
    "nothing changed, nothing is written",
  );
  const second = nextStatus(holder, IN_SYNC, T2, { record: "two" });
  assert.deepEqual(second?.signet, { record: "two" });
  assert.deepEqual(second?.conditions, first?.conditions, "a new record alone is no news");
  assert.equal(nextStatus(holder, failure("bad", true), T2)?.signet, undefined);
  assert.equal(nextStatus(holder, failure("away", false), T2)?.signet, undefined);
});

test("an observed generation that others set wrong is set right", () => {
  const good = after([IN_SYNC, T1]);
  const status = nextStatus({ ...good, status: { ...good.status, observedGeneration: 9 } }, IN_SYNC, T2);
  assert.equal(status?.observedGeneration, 1);
});

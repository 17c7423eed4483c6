import assert from "node:assert/strict";
import { test } from "node:test";
import { nextStatus } from "../../../controller/reconcile/conditions.ts";
import { openingStatus, saysNotOpening } from "../../../controller/reconcile/opening-condition.ts";

const [T1, T2, T3] = ["2030-01-01T00:00:01Z", "2030-01-01T00:00:02Z", "2030-01-01T00:00:03Z"] as const;
const metadata = { generation: 1 };
const inSync = nextStatus({ metadata }, { kind: "in-sync", warning: "" }, T1) ?? assert.fail();

test("the condition stands beside the others, is written once, and goes", () => {
  const told = openingStatus(inSync, 1, "no key", T2) ?? assert.fail();
  assert.deepEqual(told.conditions?.slice(0, 2), inSync.conditions);
  assert.deepEqual(told.conditions?.[2], {
    ...{ type: "Opens", status: "False", reason: "NoKeyOpens", message: "no key" },
    ...{ lastUpdateTime: T2, lastTransitionTime: T2, observedGeneration: 1 },
  });
  assert.equal(openingStatus(told, 1, "no key", T3), null);
  const other = openingStatus(told, 1, "another", T3) ?? assert.fail();
  assert.deepEqual(
    [other.conditions?.[2]?.lastUpdateTime, other.conditions?.[2]?.lastTransitionTime],
    [T3, T2],
  );
  assert.deepEqual(openingStatus(told, 1, null, T3), inSync);
  assert.equal(openingStatus(inSync, 1, null, T3), null);
  assert.deepEqual(
    [told, inSync].map(({ conditions = [] }) => saysNotOpening({ conditions })),
    [true, false],
  );
});

test("a verdict of the reconciler, who has just tried, takes it away, and no other condition", () => {
  const told = openingStatus(inSync, 1, "no key", T2) ?? assert.fail();
  const conditions = [...(told.conditions ?? []), { type: "Theirs", status: "True" as const }];
  const next = nextStatus(
    { metadata, status: { ...told, conditions } },
    { kind: "in-sync", warning: "" },
    T3,
  );
  assert.deepEqual(
    next?.conditions?.map(({ type }) => type),
    ["Synced", "Ready", "Theirs"],
  );
});

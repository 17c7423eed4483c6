import assert from "node:assert/strict";
import { test } from "node:test";
import { objectPolicy, POLICY_ANNOTATIONS, retains } from "../../../controller/reconcile/object-policy.ts";

const NONE = { existingSecret: null, retain: false, recreate: false };

test("without annotations nothing is asked for", () => {
  for (const annotations of [undefined, {}, { note: "adopt", "signet.dev/sealing-key": "x" }]) {
    assert.deepEqual(objectPolicy(annotations), { ok: true, policy: NONE });
  }
});

const read: [string, string, object][] = [
  ["signet.dev/existing-secret", "adopt", { existingSecret: "adopt" }],
  ["signet.dev/existing-secret", "fail", { existingSecret: "fail" }],
  ["signet.dev/existing-secret", "merge", { existingSecret: "merge" }],
  ["signet.dev/on-removal", "delete", {}],
  ["signet.dev/on-removal", "retain", { retain: true }],
  ["signet.dev/recreate", "true", { recreate: true }],
  ["signet.dev/recreate", "false", {}],
  ["signet.dev/drift", "keep", {}],
  ["signet.dev/drift", "repair", {}],
];
for (const [annotation, value, changes] of read) {
  test(`${annotation}: ${value} is read`, () => {
    assert.deepEqual(objectPolicy({ [annotation]: value }), { ok: true, policy: { ...NONE, ...changes } });
  });
}

const known: Readonly<Record<string, string>> = {
  "signet.dev/existing-secret": '"adopt" or "fail" or "merge"',
  "signet.dev/on-removal": '"delete" or "retain"',
  "signet.dev/recreate": '"true" or "false"',
  "signet.dev/drift": '"keep" or "repair"',
};
for (const [annotation, values] of Object.entries(known)) {
  for (const value of ["Adopt", "retained", "yes", "TRUE", "keep ", "", "__proto__"]) {
    test(`${annotation}: ${JSON.stringify(value)} is told with what it may say, and not repeated`, () => {
      const reading = objectPolicy({ [annotation]: value });
      assert.deepEqual(reading, { ok: false, problem: `the annotation ${annotation} must be ${values}` });
    });
  }
}

test("all problems are told at once", () => {
  const reading = objectPolicy({ "signet.dev/recreate": "x", "signet.dev/on-removal": "x" });
  assert.match(
    reading.ok ? "" : reading.problem,
    /^the annotation signet\.dev\/on-removal .*; the annotation signet\.dev\/recreate /,
  );
});

test("every annotation that is read is named in the list of them", () => {
  assert.deepEqual([...POLICY_ANNOTATIONS].sort(), Object.keys(known).sort());
});

test("only the exact word retains", () => {
  assert.equal(retains({ "signet.dev/on-removal": "retain" }), true);
  for (const value of ["Retain", "delete", ""])
    assert.equal(retains({ "signet.dev/on-removal": value }), false);
  assert.equal(retains(undefined), false);
});

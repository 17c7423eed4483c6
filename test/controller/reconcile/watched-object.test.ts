import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  needsWork,
  reference,
  saysSynced,
  watchedObject,
} from "../../../controller/reconcile/watched-object.ts";
import type { KubeObject } from "../../../shared/kube/client.ts";

const metadata = { namespace: "team", name: "db", uid: "u", resourceVersion: "5", generation: 2 };
const spec = { encryptedData: { a: "AgB=", b: "AgC=" }, template: { metadata: { labels: { x: "y" } } } };
const inSync = {
  observedGeneration: 2,
  conditions: ["Synced", "Ready"].map((type) => ({ type, status: "True", reason: "Unsealed" })),
  signet: { record: "r", left: "l" },
};
const object = (changes: { metadata?: object; [field: string]: unknown } = {}): KubeObject => ({
  ...{ apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", spec, status: inSync },
  ...changes,
  metadata: { ...metadata, ...changes.metadata },
});
const base = watchedObject(object());

describe("the digest of an object's inputs", () => {
  const same: [string, KubeObject][] = [
    ["its version and generation", object({ metadata: { resourceVersion: "6", generation: 3 } })],
    ["its status", object({ status: {} })],
    ["its labels", object({ metadata: { labels: { a: "b" } } })],
    ["annotations that decide nothing", object({ metadata: { annotations: { note: "x" } } })],
    ["the key hint", object({ metadata: { annotations: { "signet.dev/sealing-key": "SHA256:x" } } })],
    [
      "the order of fields",
      object({ spec: { template: spec.template, encryptedData: { b: "AgC=", a: "AgB=" } } }),
    ],
    ["managed fields", object({ metadata: { managedFields: [{ manager: "kubectl" }] } })],
  ];
  for (const [what, other] of same) {
    test(`does not change with ${what}`, () => assert.equal(watchedObject(other).inputs, base.inputs));
  }
  const prefix = "sealedsecrets.bitnami.com";
  const different: [string, KubeObject][] = [
    ["a value", object({ spec: { ...spec, encryptedData: { a: "AgB=", b: "AgD=" } } })],
    ["an item's name", object({ spec: { ...spec, encryptedData: { a: "AgB=", c: "AgC=" } } })],
    ["the template", object({ spec: { ...spec, template: { type: "kubernetes.io/tls" } } })],
    ["SOPS metadata", object({ sops: { mac: "x" } })],
    ["the uid", object({ metadata: { uid: "v" } })],
    ["the name", object({ metadata: { name: "other" } })],
    ["the namespace", object({ metadata: { namespace: "other" } })],
    ["the scope", object({ metadata: { annotations: { [`${prefix}/namespace-wide`]: "true" } } })],
    ["the wider scope", object({ metadata: { annotations: { [`${prefix}/cluster-wide`]: "true" } } })],
    ["a policy", object({ metadata: { annotations: { "signet.dev/recreate": "true" } } })],
  ];
  for (const [what, other] of different) {
    test(`changes with ${what}`, () => assert.notEqual(watchedObject(other).inputs, base.inputs));
  }
});

describe("work", () => {
  const none: [string, KubeObject][] = [
    ["our own status", object({ metadata: { resourceVersion: "6" }, status: { ...inSync, signet: {} } })],
    ["labels", object({ metadata: { labels: { a: "b" } } })],
    ["a verdict that failed", object({ status: { conditions: [{ type: "Synced", status: "False" }] } })],
  ];
  for (const [what, after] of none) {
    test(`is not given by ${what}`, () => assert.equal(needsWork(base, watchedObject(after)), false));
  }
  const some: [string, KubeObject][] = [
    ["another generation", object({ metadata: { generation: 3 } })],
    ["another spec", object({ spec: { encryptedData: {} } })],
    [
      "any annotation: people touch one to have it tried again",
      object({ metadata: { annotations: { t: "1" } } }),
    ],
    ["its deletion", object({ metadata: { deletionTimestamp: "2030-01-01T00:00:00Z" } })],
    ["another object of the name", object({ metadata: { uid: "v" } })],
    ["a status that was taken away", object({ status: undefined })],
  ];
  for (const [what, after] of some) {
    test(`is given by ${what}`, () => assert.equal(needsWork(base, watchedObject(after)), true));
  }
});

test("in sync is said by both conditions of this generation, and by nothing that speaks against it", () => {
  const said = (status: unknown) => saysSynced(watchedObject(object({ status })));
  const { conditions } = inSync;
  assert.equal(said(inSync), true);
  assert.equal(said({ ...inSync, observedGeneration: 1 }), false);
  assert.equal(
    said({ ...inSync, conditions: conditions.slice(0, 1) }),
    false,
    "as the Go controller leaves it",
  );
  for (const type of ["Reconciling", "Stalled"])
    assert.equal(said({ ...inSync, conditions: [...conditions, { type, status: "True" }] }), false);
});

test("a status that others filled with anything is read without a fault", () => {
  for (const status of [
    null,
    "x",
    7,
    [],
    { conditions: "x" },
    { conditions: [null, 1, "x", {}] },
    { signet: [] },
  ]) {
    const watched = watchedObject(object({ status }));
    assert.equal(saysSynced(watched), false);
    assert.deepEqual(watched.said, {});
  }
  assert.deepEqual(watchedObject(object({ status: { signet: { record: 7, left: null } } })).said, {});
  assert.deepEqual(base.said, { record: "r", left: "l" });
});

test("of Vault references it is kept where they are, and what the status says of their versions", () => {
  const reference = { key: "a", mount: "kv", path: "db", field: "f" };
  const note = { version: 3, createdTime: "2029-12-31T00:00:00.5Z", lastSyncTime: "2030-01-01T00:00:00Z" };
  const watch = (vault: unknown, notes: unknown) =>
    watchedObject(object({ spec: { ...spec, encryptedData: {}, vault }, status: { vault: notes } })).vault;
  assert.equal(base.vault, null);
  assert.equal(watch([], { items: { a: note } }), null);
  const { references, versions, notes } =
    watch([reference], { items: { a: note, b: note } }) ?? assert.fail();
  assert.deepEqual(references, [{ ...reference, version: null, refreshMs: null }]);
  assert.deepEqual([...versions], [["a", { version: 3, createdAt: "2029-12-31T00:00:00.5Z" }]]);
  assert.notEqual(notes, watch([reference], { items: { a: note } })?.notes, "whatever is said counts");
  for (const unfit of ["x", [7], [{ ...reference, path: ".." }], [reference, reference]])
    assert.equal(watch(unfit, undefined), null);
});

test("ten thousand objects in sync share their conditions", () => {
  assert.equal(watchedObject(object({ metadata: { name: "other" } })).conditions, base.conditions);
});

test("of a status that somebody filled no more is kept than is needed, and it takes nobody's room", () => {
  const long = "x".repeat(10_000);
  const filled = (at: number) => ({
    conditions: [
      { type: long, status: long },
      ...["Synced", "Ready"].map((type) => ({ type, status: "True", reason: `${at}${long}` })),
      ...Array.from({ length: 1000 }, (_, n) => ({ type: `T${n}`, status: "True", reason: `${at}` })),
    ],
    signet: { record: long, left: long },
  });
  for (let at = 0; at < 1100; at++) {
    const watched = watchedObject(object({ status: filled(at) }));
    assert.ok(JSON.stringify(watched).length < 2000);
    assert.deepEqual(watched.conditions[0], { type: "Synced", status: "True", reason: "" });
  }
  const again = watchedObject(object()).conditions;
  assert.deepEqual(again, base.conditions);
  assert.equal(watchedObject(object({ metadata: { name: "other" } })).conditions, again);
});

test("an event names the object, and carries nothing else of it", () => {
  assert.deepEqual(reference(base), {
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: { namespace: "team", name: "db", uid: "u", resourceVersion: "5" },
  });
});

test("an object of a list that leaves out kind and version is named with both all the same", () => {
  const { apiVersion: _apiVersion, kind: _kind, ...bare } = object();
  const { apiVersion, kind } = reference(watchedObject(bare as KubeObject));
  assert.deepEqual([apiVersion, kind], ["bitnami.com/v1alpha1", "SealedSecret"]);
});

test("what an author nests ten thousand levels deep is watched like anything else", () => {
  const nest = (end: number) => JSON.parse(`${'{"a":'.repeat(9990)}${end}${"}".repeat(9990)}`) as object;
  const one = watchedObject(object({ sops: nest(1) }));
  assert.equal(watchedObject(object({ sops: nest(1) })).inputs, one.inputs);
  assert.notEqual(watchedObject(object({ sops: nest(2) })).inputs, one.inputs);
});

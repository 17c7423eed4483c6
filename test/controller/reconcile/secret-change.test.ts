import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { merge, replace, sameSecret } from "../../../controller/reconcile/secret-change.ts";
import { MANAGED_ITEMS_ANNOTATION } from "../../../controller/reconcile/secret-object.ts";
import { existing, items, OUR_REFERENCE, wanted } from "./objects.ts";

const merged = (annotation: string | undefined, data: Record<string, string>) =>
  merge(
    existing(annotation === undefined ? {} : { annotations: { [MANAGED_ITEMS_ANNOTATION]: annotation } }, {
      data: items(data),
    }),
    wanted(),
    { adopt: false },
  );

test("an item we wrote and no longer want is removed, items of others stay", () => {
  const secret = merged('["password","gone"]', { password: "old", gone: "x", theirs: "kept" });
  assert.deepEqual(secret.data, items({ theirs: "kept", password: "new" }));
  assert.equal(secret.metadata.annotations?.[MANAGED_ITEMS_ANNOTATION], '["password"]');
});

const garbled: [string, string | undefined][] = [
  ["absent", undefined],
  ["empty", ""],
  ["not JSON", "password,gone"],
  ["cut off", '["gone"'],
  ["a string", '"gone"'],
  ["a map", '{"gone":true}'],
  ["null", "null"],
  ["a list of other things", '[["gone"],{"gone":1},7,null]'],
];
for (const [name, annotation] of garbled) {
  test(`nothing is removed when the list of our items is ${name}`, () => {
    const secret = merged(annotation, { gone: "x", theirs: "kept" });
    assert.deepEqual(secret.data, items({ gone: "x", theirs: "kept", password: "new" }));
  });
}

test("strings in a list with other things still count as ours", () => {
  assert.deepEqual(merged('[7,"gone"]', { gone: "x" }).data, items({ password: "new" }));
});

test("our items, labels and annotations win over those that stand there", () => {
  const before = existing({ labels: { app: "old", x: "1" }, annotations: { note: "old", y: "2" } });
  const { data, metadata } = merge(before, wanted(), { adopt: false });
  assert.deepEqual(data, items({ password: "new", theirs: "kept" }));
  assert.deepEqual(metadata.labels, { app: "shop", x: "1" });
  assert.deepEqual(metadata.annotations, {
    note: "sealed",
    y: "2",
    [MANAGED_ITEMS_ANNOTATION]: '["password"]',
  });
});

test("the template cannot claim items of others by the list of ours", () => {
  const before = existing({}, { data: items({ theirs: "kept" }) });
  const claim = wanted({ annotations: { [MANAGED_ITEMS_ANNOTATION]: '["theirs"]' } });
  const once = merge(before, claim, { adopt: false });
  assert.equal(once.metadata.annotations?.[MANAGED_ITEMS_ANNOTATION], '["password"]');
  assert.deepEqual(merge(once, claim, { adopt: false }).data, items({ theirs: "kept", password: "new" }));
});

test("merging leaves owners alone, adopting makes the SealedSecret the one owner", () => {
  const friend = { ...OUR_REFERENCE, kind: "Other", uid: "other", controller: false };
  const before = existing({ ownerReferences: [friend] });
  assert.deepEqual(merge(before, wanted(), { adopt: false }).metadata.ownerReferences, [friend]);
  assert.deepEqual(merge(before, wanted(), { adopt: true }).metadata.ownerReferences, [OUR_REFERENCE]);
  assert.deepEqual(merge(before, wanted({ owner: null }), { adopt: true }).metadata.ownerReferences, []);
});

test("merging keeps the type unless the template names one, and never touches immutable", () => {
  const before = existing({}, { type: "kubernetes.io/tls", immutable: true });
  const { type, immutable } = merge(before, wanted(), { adopt: false });
  assert.deepEqual([type, immutable], ["kubernetes.io/tls", true]);
  const named = merge(before, wanted({ type: "Opaque", immutable: false }), { adopt: false });
  assert.deepEqual([named.type, named.immutable], ["Opaque", true]);
  const open = merge(existing({}, {}), wanted({ immutable: true }), { adopt: true });
  assert.equal(open.immutable, undefined, "closing a shared Secret for good is not ours to do");
});

test("no empty data is written where there was none", () => {
  const bare = existing({}, { data: null, immutable: true });
  assert.equal(replace(bare, wanted({ data: {} })).data, null);
  assert.deepEqual(replace(existing({}, { data: { a: "AA==" } }), wanted({ data: {} })).data, {});
});

test("items named like an object's own machinery are items like others", () => {
  const data = Object.fromEntries([
    ["__proto__", "AA=="],
    ["constructor", "AQ=="],
  ]);
  for (const secret of [
    replace(null, wanted({ data })),
    merge(existing({}, { data: {} }), wanted({ data }), { adopt: false }),
  ]) {
    assert.deepEqual(Object.entries(secret.data ?? {}).sort(), Object.entries(data).sort());
    assert.match(JSON.stringify(secret), /"__proto__":"AA=="/);
  }
  assert.ok(
    !sameSecret(replace(null, wanted({ data })), replace(null, wanted({ data: { constructor: "AQ==" } }))),
  );
});

const word = fc.stringMatching(/^[a-z]{1,3}$/);
const dictionary = fc.dictionary(word, fc.constantFrom("AA==", "AQ==", "Ag=="), { maxKeys: 5 });

test("for any Secret, merging twice changes no more than merging once, and other items stay", () => {
  fc.assert(
    fc.property(dictionary, dictionary, fc.uniqueArray(word, { maxLength: 4 }), (theirs, ours, claimed) => {
      const before = existing(
        { annotations: { [MANAGED_ITEMS_ANNOTATION]: JSON.stringify(claimed) } },
        { data: theirs },
      );
      const once = merge(before, wanted({ data: ours }), { adopt: false });
      const twice = merge(once, wanted({ data: ours }), { adopt: false });
      assert.ok(sameSecret(once, twice));
      for (const [item, value] of Object.entries(theirs)) {
        if (claimed.includes(item) || Object.hasOwn(ours, item)) continue;
        assert.equal(once.data?.[item], value);
      }
      for (const [item, value] of Object.entries(ours)) assert.equal(once.data?.[item], value);
      const gone = merge(once, wanted({ data: {} }), { adopt: false });
      for (const item of Object.keys(ours)) assert.equal(gone.data?.[item], undefined);
    }),
  );
});

test("every part that is written counts in the comparison", () => {
  const base = existing({ labels: { a: "1" }, annotations: { b: "2" }, ownerReferences: [OUR_REFERENCE] });
  assert.ok(sameSecret(base, structuredClone(base)));
  for (const other of [
    { ...base, type: "kubernetes.io/tls" },
    { ...base, immutable: true },
    { ...base, data: items({ password: "old" }) },
    { ...base, data: items({ password: "other", theirs: "kept" }) },
    { ...base, metadata: { ...base.metadata, labels: { a: "2" } } },
    { ...base, metadata: { ...base.metadata, labels: {} } },
    { ...base, metadata: { ...base.metadata, annotations: { b: "3" } } },
    { ...base, metadata: { ...base.metadata, ownerReferences: [] } },
    { ...base, metadata: { ...base.metadata, ownerReferences: [{ ...OUR_REFERENCE, uid: "x" }] } },
    { ...base, metadata: { ...base.metadata, ownerReferences: [{ ...OUR_REFERENCE, controller: false }] } },
  ]) {
    assert.ok(!sameSecret(base, other), JSON.stringify(other));
  }
});

test("what the API server alone writes does not count", () => {
  const base = existing();
  const other = existing({ resourceVersion: "99", managedFields: [{ manager: "x" }], uid: "other" });
  assert.ok(sameSecret(base, other));
});

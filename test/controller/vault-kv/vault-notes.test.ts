import assert from "node:assert/strict";
import { test } from "node:test";
import { vaultNotes, versionsIn } from "../../../controller/vault-kv/vault-notes.ts";

const [T1, T2] = ["2030-01-01T00:00:01Z", "2030-01-01T00:00:02Z"];
const versions = new Map([
  ["a", 1],
  ["b", 4],
]);

test("nothing is noted where nothing was read", () => {
  assert.equal(
    vaultNotes(new Map(), { items: { a: { version: 1, lastSyncTime: T1 } } }, { changed: true, now: T2 }),
    null,
  );
});

test("each item's version, and when a value of it was last written", () => {
  const first = vaultNotes(versions, undefined, { changed: true, now: T1 });
  assert.deepEqual(first, {
    items: { a: { version: 1, lastSyncTime: T1 }, b: { version: 4, lastSyncTime: T1 } },
  });
  const next = new Map([...versions, ["b", 5]] as const);
  // The Secret was written: what has another version may be why.
  assert.deepEqual(vaultNotes(next, first, { changed: true, now: T2 }), {
    items: { a: { version: 1, lastSyncTime: T1 }, b: { version: 5, lastSyncTime: T2 } },
  });
  // It was not: the new version has the same value.
  assert.deepEqual(vaultNotes(next, first, { changed: false, now: T2 }), {
    items: { a: { version: 1, lastSyncTime: T1 }, b: { version: 5, lastSyncTime: T1 } },
  });
  assert.deepEqual(vaultNotes(versions, first, { changed: true, now: T2 }), first);
});

test("an item may be named as an object's own machinery", () => {
  const notes = vaultNotes(new Map([["__proto__", 3]]), undefined, { changed: true, now: T1 });
  assert.deepEqual(Object.keys(notes?.items ?? {}), ["__proto__"]);
  assert.deepEqual([...versionsIn(JSON.parse(JSON.stringify(notes)))], [["__proto__", 3]]);
});

test("what others write there is taken for notes only as far as it is some", () => {
  for (const said of [
    ...[undefined, null, "x", 7, [], { items: null }, { items: [1] }],
    { items: { a: { version: 1 } } },
    { items: { a: { version: "1", lastSyncTime: T1 } } },
    { items: { a: { version: 1.5, lastSyncTime: T1 } } },
    { items: { a: { version: 1, lastSyncTime: "<script>" } } },
  ])
    assert.deepEqual([...versionsIn(said)], []);
  const forged = { items: { a: { version: 1, lastSyncTime: "yesterday" } } };
  assert.deepEqual(vaultNotes(new Map([["a", 1]]), forged, { changed: false, now: T2 }), {
    items: { a: { version: 1, lastSyncTime: T2 } },
  });
});

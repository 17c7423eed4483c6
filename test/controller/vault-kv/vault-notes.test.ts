import assert from "node:assert/strict";
import { test } from "node:test";
import { vaultNotes, versionsIn } from "../../../controller/vault-kv/vault-notes.ts";

const [T1, T2] = ["2030-01-01T00:00:01Z", "2030-01-01T00:00:02Z"];
const [MADE, LATER] = ["2029-12-31T23:59:59.123456789Z", "2030-01-01T00:00:00.5Z"];
const made = (version: number, createdAt = MADE) => ({ version, createdAt });
const noted = (version: number, lastSyncTime: string, createdTime = MADE) => ({
  ...{ version, createdTime, lastSyncTime },
});
const versions = new Map([
  ["a", made(1)],
  ["b", made(4)],
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
    items: { a: noted(1, T1), b: noted(4, T1) },
  });
  const next = new Map([...versions, ["b", made(5)]] as const);
  // The Secret was written: what has another version may be why.
  assert.deepEqual(vaultNotes(next, first, { changed: true, now: T2 }), {
    items: { a: noted(1, T1), b: noted(5, T2) },
  });
  // It was not: the new version has the same value.
  assert.deepEqual(vaultNotes(next, first, { changed: false, now: T2 }), {
    items: { a: noted(1, T1), b: noted(5, T1) },
  });
  assert.deepEqual(vaultNotes(versions, first, { changed: true, now: T2 }), first);
});

test("an entry that was written anew is another one, though its number is the same", () => {
  const first = vaultNotes(versions, undefined, { changed: true, now: T1 });
  const anew = new Map([...versions, ["b", made(4, LATER)]] as const);
  assert.deepEqual(vaultNotes(anew, first, { changed: true, now: T2 }), {
    items: { a: noted(1, T1), b: noted(4, T2, LATER) },
  });
});

test("a time that Vault did not tell is not noted", () => {
  const notes = vaultNotes(new Map([["a", made(1, "")]]), undefined, { changed: true, now: T1 });
  assert.deepEqual(notes, { items: { a: { version: 1, lastSyncTime: T1 } } });
  assert.deepEqual([...versionsIn(notes)], [["a", made(1, "")]]);
});

test("an item may be named as an object's own machinery", () => {
  const notes = vaultNotes(new Map([["__proto__", made(3)]]), undefined, { changed: true, now: T1 });
  assert.deepEqual(Object.keys(notes?.items ?? {}), ["__proto__"]);
  assert.deepEqual([...versionsIn(JSON.parse(JSON.stringify(notes)))], [["__proto__", made(3)]]);
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
  assert.deepEqual(vaultNotes(new Map([["a", made(1)]]), forged, { changed: false, now: T2 }), {
    items: { a: noted(1, T2) },
  });
  const odd = { items: { a: { version: 1, createdTime: "<script>", lastSyncTime: T1 } } };
  assert.deepEqual([...versionsIn(odd)], [["a", made(1, "")]]);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RECORD_KEY_BYTES, SyncRecords } from "../../../controller/reconcile/sync-record.ts";

const key = new Uint8Array(RECORD_KEY_BYTES).fill(7);
const rules = { policy: { allowedTypes: [], ownNamespace: "kube-system" }, templates: true };
const records = new SyncRecords(key, rules);
const secret = { uid: "s1", resourceVersion: "10", controller: "o1" };
const recorded = { inputs: "digest", secret, ours: true };
const strict = { keepsEdits: false };
const keeping = { keepsEdits: true };

describe("the record of an object in sync", () => {
  test("is known again, with whose the Secret is", () => {
    assert.deepEqual(records.judge(records.write(recorded), recorded, strict), { ours: true });
    const merged = { ...recorded, ours: false };
    assert.deepEqual(records.judge(records.write(merged), merged, strict), { ours: false });
  });

  test("is known by another process with the same key and rules, in whatever order they are written", () => {
    const again = new SyncRecords(new Uint8Array(key), {
      templates: true,
      policy: { ownNamespace: "kube-system", allowedTypes: [] },
    });
    assert.deepEqual(again.judge(records.write(recorded), recorded, strict), { ours: true });
  });

  const others: [string, object][] = [
    ["other inputs", { inputs: "another" }],
    ["another Secret of the name", { secret: { ...secret, uid: "s2" } }],
    ["another version of the Secret", { secret: { ...secret, resourceVersion: "11" } }],
    ["a Secret without its owner", { secret: { ...secret, controller: "" } }],
    ["a Secret of another owner", { secret: { ...secret, controller: "o2" } }],
  ];
  for (const [what, change] of others) {
    test(`is absent for ${what}`, () => {
      assert.equal(records.judge(records.write(recorded), { ...recorded, ...change }, strict), null);
    });
  }

  test("is absent under other rules: a list that now forbids something lets nothing by", () => {
    for (const changed of [
      { ...rules, templates: false },
      { ...rules, policy: { ...rules.policy, allowedTypes: ["kubernetes.io/service-account-token"] } },
    ])
      assert.equal(new SyncRecords(key, changed).judge(records.write(recorded), recorded, strict), null);
  });

  test("is absent when it was made under another secret", () => {
    const forger = new SyncRecords(new Uint8Array(RECORD_KEY_BYTES).fill(8), rules);
    assert.equal(records.judge(forger.write(recorded), recorded, strict), null);
  });

  test("is absent when it is missing, cut, longer, or of another object", () => {
    const { record, left } = records.write(recorded);
    for (const said of [
      {},
      { record: "" },
      { record: record.slice(1) },
      { record: `${record}=` },
      { record: left },
      { left: record },
      { record: "€".repeat(record.length) },
    ])
      assert.equal(records.judge(said, recorded, keeping), null, JSON.stringify(said));
  });

  test("what was left counts only for who keeps the edits of others, and only for that Secret and owner", () => {
    const said = records.write(recorded);
    const edited = { ...recorded, secret: { ...secret, resourceVersion: "99" } };
    assert.equal(records.judge(said, edited, strict), null);
    assert.deepEqual(records.judge(said, edited, keeping), { ours: true });
    for (const other of [{ uid: "s2" }, { controller: "" }])
      assert.equal(records.judge(said, { ...edited, secret: { ...edited.secret, ...other } }, keeping), null);
    assert.equal(records.judge(said, { ...edited, inputs: "another" }, keeping), null);
  });

  test("one that was merged into a Secret counts, too, when that Secret is gone: it was others' to delete", () => {
    const merged = { ...recorded, ours: false };
    const gone = { inputs: "digest", secret: undefined };
    assert.deepEqual(records.judge(records.write(merged), gone, strict), { ours: false });
    assert.equal(records.judge(records.write(merged), { ...gone, inputs: "another" }, strict), null);
    assert.equal(records.judge(records.write(recorded), gone, strict), null, "our own is made anew");
    const { record = "", left = "" } = records.write(merged);
    for (const said of [{ record, left }, { merged: record }, { merged: left }, {}])
      assert.equal(records.judge(said, gone, keeping), null);
  });

  test("tells a reader nothing: no part of what it stands for, and no two alike", () => {
    const all = [recorded, { ...recorded, ours: false }, { ...recorded, inputs: "x" }].flatMap((of) =>
      Object.values(records.write(of)),
    );
    assert.equal(new Set(all).size, all.length);
    for (const text of all) assert.match(text, /^[A-Za-z0-9+/]{43}=$/);
  });
});

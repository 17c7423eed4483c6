import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EntryPoll } from "../../../controller/vault-kv/entry-poll.ts";
import { MemoryKv } from "./memory-kv.ts";

const { signal } = new AbortController();
const NOW = Date.parse("2030-01-01T00:00:00Z");
const HOUR = 3_600_000;

function scene() {
  const kv = new MemoryKv();
  const time = { now: NOW };
  const poll = new EntryPoll(() => time.now);
  kv.write("kv/db", { a: "1" });
  kv.write("kv/db", { a: "2" });
  const ask = (version = 2, tenant = "team") => {
    const createdAt = `2030-01-01T00:00:00.00000000${version}Z`;
    return poll.isUnchanged(tenant, kv, { at: { mount: "kv", path: "db" }, version, createdAt }, signal);
  };
  return { kv, time, ask };
}

describe("whether an entry still has the version that was read", () => {
  test("is told by its metadata alone", async () => {
    const { kv, ask } = scene();
    assert.equal(await ask(), true);
    assert.equal(await ask(1), false);
    assert.deepEqual(kv.asked, ["metadata kv/db", "metadata kv/db"]);
  });

  for (const [what, change, unchanged] of [
    ["deleted", { deletedAt: "2029-12-31T23:59:59Z" }, false],
    ["destroyed", { destroyed: true }, false],
    ["to be deleted one day", { deletedAt: "2030-01-01T00:00:01Z" }, true],
  ] as const)
    test(`${what}: ${unchanged ? "it has" : "it has not"}`, async () => {
      const { kv, ask } = scene();
      kv.mark("kv/db", 2, change);
      assert.equal(await ask(), unchanged);
    });

  for (const right of ["metadata", "values alone"])
    test(`one that was removed and written anew up to that number has not (${right})`, async () => {
      const { kv, ask } = scene();
      if (right !== "metadata") kv.faults.set("metadata", "denied");
      assert.equal(await ask(), true);
      kv.remove("kv/db");
      assert.equal(kv.write("kv/db", { a: "1" }), 1);
      assert.equal(kv.write("kv/db", { a: "2" }), 2);
      assert.equal(await ask(), false);
    });

  test("an entry that is gone has not", async () => {
    const poll = new EntryPoll(() => NOW);
    const at = { at: { mount: "kv", path: "db" }, version: 1, createdAt: "" };
    assert.equal(await poll.isUnchanged("team", new MemoryKv(), at, signal), false);
  });

  test("a policy that keeps metadata back has the entry read, and the metadata left alone for an hour", async () => {
    const { kv, time, ask } = scene();
    kv.faults.set("metadata", "denied");
    assert.equal(await ask(), true);
    assert.equal(await ask(1), false);
    assert.deepEqual(kv.asked, ["metadata kv/db", "data kv/db", "data kv/db"]);
    // Another tenant may have the right.
    await ask(2, "other");
    assert.equal(kv.asked[3], "metadata kv/db");
    time.now += HOUR;
    kv.faults.clear();
    kv.asked.length = 0;
    assert.equal(await ask(), true);
    assert.deepEqual(kv.asked, ["metadata kv/db"]);
  });

  test("and nothing of its values is kept", async () => {
    const { kv, ask } = scene();
    kv.faults.set("metadata", "denied");
    const { readSecret } = kv;
    kv.readSecret = async (at, options) => {
      assert.deepEqual(options.fields, new Set());
      return readSecret.call(kv, at, options);
    };
    assert.equal(await ask(), true);
  });

  test("nobody can tell while Vault is away, or lets neither be read", async () => {
    const { kv, ask } = scene();
    kv.faults.set("metadata", "unavailable");
    await assert.rejects(ask(), { code: "key-service" });
    kv.faults.set("metadata", "denied").set("data", "denied");
    await assert.rejects(ask(), { code: "key-service" });
  });
});

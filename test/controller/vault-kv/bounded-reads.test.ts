import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { boundedReads, READS_AT_ONCE } from "../../../controller/vault-kv/bounded-reads.ts";
import { CallSlots } from "../../../shared/call-slots.ts";
import { MemoryKv } from "./memory-kv.ts";

const tick = () => new Promise((resolve) => setImmediate(resolve));

/** A Vault that answers when it is released, read by several namespaces. */
function scene() {
  const slots = new CallSlots(...READS_AT_ONCE);
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const [kv, now, most] = [new MemoryKv(), { reads: 0 }, { reads: 0 }];
  kv.before = async () => {
    now.reads += 1;
    most.reads = Math.max(most.reads, now.reads);
    await promise;
    now.reads -= 1;
  };
  let count = 0;
  const read = (namespace: string) => {
    const path = `${namespace}/${count++}`;
    return boundedReads(kv, namespace, slots).readSecret({ mount: "kv", path }, {});
  };
  return { kv, slots, most, release, read };
}

describe("values of entries", () => {
  test("are read eight at a time over all namespaces, four of one", async () => {
    const { kv, most, release, read } = scene();
    const all = Array.from({ length: 10 }, () => read("greedy"));
    await tick();
    assert.equal(most.reads, 4);
    all.push(read("quiet"));
    await tick();
    assert.equal(kv.asked.at(-1), "data kv/quiet/10", "no namespace has all there is");
    for (const namespace of ["b", "c", "d", "e", "f"]) all.push(read(namespace));
    await tick();
    assert.equal(most.reads, 8);
    release();
    await Promise.all(all);
    assert.equal(most.reads, 8);
    assert.equal(kv.asked.length, 16);
  });

  test("hold up no question for versions", async () => {
    const { kv, slots, release, read } = scene();
    const all = Array.from({ length: 10 }, () => read("greedy"));
    const asked = boundedReads(kv, "greedy", slots).readMetadata({ mount: "kv", path: "a" }, {});
    await tick();
    assert.ok(kv.asked.includes("metadata kv/a"));
    release();
    await Promise.all([...all, asked]);
  });

  test("are waited for no longer than anybody wants them", async () => {
    const { kv, slots, release, read } = scene();
    const all = Array.from({ length: 4 }, () => read("greedy"));
    const leaving = new AbortController();
    const { signal } = leaving;
    const left = boundedReads(kv, "greedy", slots).readSecret({ mount: "kv", path: "a" }, { signal });
    leaving.abort(new Error("left"));
    await assert.rejects(left, /left/);
    release();
    await Promise.all(all);
    assert.equal(kv.asked.length, 4);
  });
});

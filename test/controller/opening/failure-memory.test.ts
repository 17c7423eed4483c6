import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { FailureMemory } from "../../../controller/opening/failure-memory.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { classicUnsealer } from "../../../shared/seal/classic-unsealer.ts";
import type { RememberedTrial } from "../../../shared/seal/trial-memory.ts";
import { Canaries } from "../../support/canary.ts";
import { keyOf, seal, sealer2048, signal, strict } from "../../support/classic-codec.ts";

const NOT_MINE: RememberedTrial = { trial: { kind: "not-my-key" }, operations: 2 };
const label = utf8("team/db");

test("recalls what was remembered under the same key set, label and text, and nothing else", () => {
  const anyName = fc.tuple(fc.string(), fc.uint8Array({ maxLength: 6 }), fc.string());
  fc.assert(
    fc.property(anyName, anyName, ([keys, bytes, text], [otherKeys, otherBytes, otherText]) => {
      const memory = new FailureMemory();
      memory.remember(keys, new Uint8Array(bytes), text, NOT_MINE);
      assert.equal(memory.recall(keys, new Uint8Array(bytes), text), NOT_MINE);
      const same =
        keys === otherKeys && text === otherText && Buffer.from(bytes).equals(Buffer.from(otherBytes));
      const other = memory.recall(otherKeys, new Uint8Array(otherBytes), otherText);
      assert.equal(other, same ? NOT_MINE : undefined);
    }),
  );
});

const shifted: [string, string, string][] = [
  ["keys1", "0", "x"],
  ["keys", "10", "x"],
  ["keys", "1", "0x"],
  ["keys ", "10", "x"],
];
test("parts cannot be shifted into each other", () => {
  const memory = new FailureMemory();
  for (const [keys, part, text] of shifted) {
    assert.equal(memory.recall(keys, utf8(part), text), undefined);
    memory.remember(keys, utf8(part), text, NOT_MINE);
  }
  assert.equal(memory.size, shifted.length);
});

test("another key set, label or text of the same length is another", () => {
  const memory = new FailureMemory();
  memory.remember("k1", utf8("team/a"), "t1", NOT_MINE);
  assert.equal(memory.recall("k2", utf8("team/a"), "t1"), undefined);
  assert.equal(memory.recall("k1", utf8("team/b"), "t1"), undefined);
  assert.equal(memory.recall("k1", utf8("team/a"), "t2"), undefined);
  assert.equal(memory.recall("k1", utf8("team/a"), "t1"), NOT_MINE);
});

test("what was not asked for the longest is forgotten first", () => {
  const memory = new FailureMemory(3);
  for (const text of ["a", "b", "c"]) memory.remember("k", label, text, NOT_MINE);
  memory.recall("k", label, "a");
  memory.remember("k", label, "b", NOT_MINE);
  memory.remember("k", label, "d", NOT_MINE);
  assert.equal(memory.size, 3);
  assert.deepEqual(
    ["a", "b", "c", "d"].filter((text) => memory.recall("k", label, text) !== undefined),
    ["a", "b", "d"],
  );
});

test("a flood of failures leaves it at 20,000 entries of less than a kilobyte", () => {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  assert.ok(typeof collect === "function");
  const used = () => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const keys = Array.from({ length: 24 }, (_, at) => `SHA256:${"k".repeat(43)}${at}`).join(" ");
  const memory = new FailureMemory();
  const before = used();
  for (let at = 0; at < 60_000; at++) {
    // As what comes from a thread: bytes of its own.
    const labelHash = structuredClone(new Uint8Array(32).fill(at));
    const keyId = `SHA256:${at}`;
    memory.remember(keys, label, `${"A".repeat(600)}${at}`, {
      trial: { kind: "sealed-elsewhere", labelHash, keyId },
      operations: 48,
    });
  }
  assert.equal(memory.size, 20_000);
  const bytes = used() - before;
  assert.ok(bytes < 20_000 * 1000, `${bytes} bytes`);
});

test("no plaintext and no value comes into it", async () => {
  const canaries = new Canaries();
  const memory = new FailureMemory();
  const kept: string[] = [];
  const remember = memory.remember.bind(memory);
  memory.remember = (keySet, bytes, text, remembered) => {
    kept.push(JSON.stringify(remembered));
    remember(keySet, bytes, text, remembered);
  };
  const opens = await seal(sealer2048, utf8(canaries.text("plaintext")));
  const elsewhere = await seal(sealer2048, utf8(canaries.text("moved")), { ...strict, name: "other" });
  const outcomes = await classicUnsealer([keyOf("2048")], { diagnose: true, memory }).unsealAll(
    new Map([
      ["opens", opens],
      ["elsewhere", elsewhere],
    ]),
    { clusterId: null, scope: strict },
    signal,
  );
  assert.deepEqual(
    [...outcomes.values()].map(({ kind }) => kind),
    ["opened", "sealed-elsewhere"],
  );
  assert.equal(kept.length, 2);
  for (const text of kept) {
    assert.ok(text.length < 600, text);
    for (const value of [opens, elsewhere]) assert.ok(!text.includes(value.slice(0, 60)));
  }
  canaries.assertSilent(kept.map((content, at) => ({ where: `entry ${at}`, content })));
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RefusedValues } from "../../../controller/key-services/refused-values.ts";
import { VaultKeyProofs } from "../../../shared/seal/vault-key-proofs.ts";
import { vaultUnsealer } from "../../../shared/seal/vault-unsealer.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";
import { here, inShort, signal, vaultCodec } from "../../support/remote-values.ts";

const MINUTE_MS = 60_000;
const KEY = "transit/app";

/** Two values, the first of which was moved. */
async function scene() {
  const transit = new MemoryTransit();
  const name = transit.createKey(KEY, "context");
  const clock = { now: 0 };
  const now = () => clock.now;
  const proofs = new VaultKeyProofs({ now });
  const unsealer = vaultUnsealer(transit, { allowed: () => true, proofs, memory: new RefusedValues(now) });
  const codec = vaultCodec(transit, name);
  const good = await codec.seal({ b: "2" });
  const moved = await codec.seal({ a: "1" }, { ...here, clusterId: "another" });
  const values = new Map([...moved, ...good]);
  /** What came of the items, and what was asked for it. */
  const open = async (asked: ReadonlyMap<string, string> = values) => {
    transit.calls.length = 0;
    const outcomes = await unsealer.unsealAll(asked, here, signal);
    assert.deepEqual([...outcomes.keys()], [...asked.keys()], "in the order of the items");
    return { outcomes, short: inShort(outcomes), calls: transit.calls.map(({ operation }) => operation) };
  };
  return { transit, codec, clock, good, values, open };
}

suite("values that Vault refused", () => {
  test("a moved one costs one decryption in an hour; the key alone is described again", async () => {
    const { clock, good, values, open } = await scene();
    await open(good);
    const first = await open();
    assert.deepEqual([first.short["a"], first.calls], ["not-authentic", ["decrypt"]]);
    for (; clock.now < 60 * MINUTE_MS; clock.now += 5 * MINUTE_MS) {
      const { short, calls, outcomes } = await open();
      assert.deepEqual(short, { a: "not-authentic", b: "not-tried" });
      assert.deepEqual(outcomes.get("b"), { kind: "not-tried", isKnownToOpen: true });
      assert.deepEqual(calls, clock.now > 0 && clock.now % (10 * MINUTE_MS) === 0 ? ["describeKey"] : []);
    }
    assert.ok((await open()).calls.includes("decrypt"));
    assert.deepEqual((await open(new Map([...values].slice(1)))).short, { b: "opened 2" });
  });

  test("a key that was changed is asked again", async () => {
    const { transit, clock, open } = await scene();
    await open();
    transit.rotate(KEY);
    assert.deepEqual((await open()).calls, [], "nobody knows it yet");
    clock.now = 10 * MINUTE_MS;
    assert.deepEqual((await open()).calls, ["describeKey", "decrypt"]);
    assert.deepEqual((await open()).calls, []);
  });

  test("one that is too old is tried each time: it is in Vault that this is mended", async () => {
    const { transit, clock, good, open } = await scene();
    transit.rotate(KEY);
    transit.setMinDecryptionVersion(KEY, 2);
    for (let tries = 0; tries < 2; tries++) {
      const { short, calls } = await open(good);
      assert.deepEqual([short["b"], calls.includes("decrypt")], ["too-old", true]);
    }
    transit.setMinDecryptionVersion(KEY, 1);
    assert.deepEqual((await open(good)).short, { b: "opened 2" });
    assert.equal(clock.now, 0);
  });

  test("where one is known to be refused, keys of the others are not asked", async () => {
    const { transit, values, open } = await scene();
    const other = vaultCodec(transit, transit.createKey("transit/other", "associated-data"));
    const both = new Map([...values, ...(await other.seal({ c: "3" }))]);
    await open(both);
    const { short, calls } = await open(both);
    assert.deepEqual([short["c"], calls], ["not-tried", []]);
  });
});

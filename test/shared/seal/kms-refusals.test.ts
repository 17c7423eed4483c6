import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { RefusedValues } from "../../../controller/key-services/refused-values.ts";
import { kmsSealer } from "../../../shared/seal/kms-sealer.ts";
import { kmsUnsealer } from "../../../shared/seal/kms-unsealer.ts";
import { readKmsValue, writeKmsValue } from "../../../shared/seal/kms-value.ts";
import type { ClusterBinding } from "../../../shared/seal/place-binding.ts";
import { aliasArn, keyArn, MemoryKms } from "../../support/memory-kms.ts";
import { here, inShort, kmsCodec, plain, sealedText, signal } from "../../support/remote-values.ts";

const MINUTE_MS = 60_000;
const elsewhere: ClusterBinding = { ...here, clusterId: "another" };

function scene() {
  const kms = new MemoryKms("k", "other");
  const clock = { now: 0 };
  const memory = new RefusedValues(() => clock.now);
  const unsealer = kmsUnsealer(kms, { allowed: () => true, memory });
  const seal = (items: Record<string, string>, binding = here) => kmsCodec(kms, "k").seal(items, binding);
  /** What came of the items, and the calls it took. */
  const open = async (values: ReadonlyMap<string, string>, binding = here) => {
    const before = kms.count("Decrypt");
    const outcomes = await unsealer.unsealAll(values, binding, signal);
    assert.deepEqual([...outcomes.keys()], [...values.keys()], "in the order of the items");
    return { outcomes, short: inShort(outcomes), calls: kms.count("Decrypt") - before };
  };
  return { kms, clock, seal, open };
}

/** The value with its last byte changed. */
function damaged(text: string): string {
  const { wrapped, sealed } = readKmsValue("x", text);
  const bytes = sealed.slice();
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return writeKmsValue({ wrapped, sealed: bytes });
}

suite("values that AWS KMS refused", () => {
  test("a moved one costs one call in an hour, and is told the same each time", async () => {
    const { clock, seal, open } = scene();
    const values = new Map([...(await seal({ a: "1" })), ...(await seal({ b: "2" }, elsewhere))]);
    const first = await open(values);
    assert.deepEqual([first.short["b"], first.calls], ["not-authentic", 2]);
    for (let tries = 0; tries < 5; tries++) {
      const again = await open(values);
      assert.deepEqual(again.short, { a: "not-tried", b: "not-authentic" });
      assert.deepEqual(again.outcomes.get("a"), { kind: "not-tried", isKnownToOpen: true });
      assert.equal(again.calls, 0);
      clock.now += 11 * MINUTE_MS;
    }
    clock.now = 60 * MINUTE_MS;
    assert.equal((await open(values)).calls, 2);
  });

  test("one that is damaged costs no further call either", async () => {
    const { seal, open } = scene();
    const sealed = await seal({ a: "1" });
    const broken = new Map([["a", damaged(sealedText(sealed, "a"))]]);
    assert.deepEqual((await open(broken)).calls, 1);
    assert.deepEqual(await open(broken).then(({ short, calls }) => [short["a"], calls]), [
      "not-authentic",
      0,
    ]);
    assert.deepEqual((await open(sealed)).short, { a: "opened 1" }, "the whole one was not asked for");
  });

  test("edits of other parts of the object change nothing; of the value, only where it may open now", async () => {
    const { seal, open } = scene();
    const moved = await seal({ a: "1", b: "2" }, elsewhere);
    assert.equal((await open(moved)).calls, 1);
    const fresh = await seal({ c: "3" });
    assert.equal((await open(new Map([...moved, ...fresh]))).calls, 0);
    const changed = new Map([["a", damaged(sealedText(moved, "a"))]]);
    assert.equal((await open(changed)).calls, 0, "its data key was refused");
    assert.deepEqual((await open(moved, elsewhere)).short, { a: "opened 1", b: "opened 2" });
    assert.deepEqual((await open(fresh)).short, { c: "opened 3" });
  });

  test("a value under the wrong item opens under its own", async () => {
    const { seal, open } = scene();
    const sealed = await seal({ a: "1" });
    const swapped = new Map([["b", sealedText(sealed, "a")]]);
    assert.deepEqual((await open(swapped)).short, { b: "not-authentic" });
    assert.equal((await open(swapped)).calls, 0);
    assert.deepEqual((await open(sealed)).short, { a: "opened 1" });
  });

  test("what opens is opened, whatever is remembered of it", async () => {
    const { seal, open } = scene();
    const values = await seal({ a: "1" });
    await open(new Map([...values, ...(await seal({ b: "2" }, elsewhere))]));
    for (let tries = 0; tries < 2; tries++) assert.deepEqual((await open(values)).short, { a: "opened 1" });
  });

  test("an alias that was pointed to the right key is noticed within ten minutes", async () => {
    const { kms, clock, open } = scene();
    kms.setAlias("app", "k");
    const values = await kmsSealer(kms, aliasArn("app")).sealAll(plain({ a: "1" }), here);
    kms.setAlias("app", "other");
    assert.equal((await open(values)).short["a"], "not-authentic");
    kms.setAlias("app", "k");
    clock.now = 10 * MINUTE_MS - 1;
    assert.equal((await open(values)).calls, 0);
    clock.now += 1;
    assert.deepEqual((await open(values)).short, { a: "opened 1" });
  });

  test("a failure of the service is no refusal; what was refused beside it is remembered", async () => {
    const { kms, seal, open } = scene();
    const values = new Map([...(await seal({ b: "2" }, elsewhere)), ...(await seal({ a: "1" }))]);
    let calls = 0;
    kms.before = () => {
      if (++calls === 2) throw new Error("away");
    };
    await assert.rejects(open(values), /away/);
    assert.deepEqual((await open(values)).calls, 0);
    kms.before = () => undefined;
    assert.deepEqual((await open(new Map([...values].slice(1)))).short, { a: "opened 1" });
  });

  test("an object that names the same blob under another key is asked for", async () => {
    const { seal, open } = scene();
    const moved = await seal({ a: "1" }, elsewhere);
    await open(moved);
    const renamed = sealedText(moved, "a").replace(keyArn("k"), keyArn("other"));
    assert.equal((await open(new Map([["a", renamed]]))).calls, 1);
  });
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { utf8 } from "../../../shared/bytes.ts";
import { DataKeyCache } from "../../../shared/seal/data-key-cache.ts";
import { Envelope } from "../../../shared/seal/envelope.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { kmsUnsealer, MOST_DATA_KEYS } from "../../../shared/seal/kms-unsealer.ts";
import { writeKmsValue } from "../../../shared/seal/kms-value.ts";
import { kmsContext, placeBytes } from "../../../shared/seal/place-binding.ts";
import { settle } from "../../support/fake-clock.ts";
import { keyArn, MemoryKms, serviceFault } from "../../support/memory-kms.ts";
import { here, inShort, kmsCodec, sealedText, signal } from "../../support/remote-values.ts";

/** An object of so many items, each sealed in a go of its own. */
async function sealedApart(kms: MemoryKms, count: number): Promise<Map<string, string>> {
  const codec = kmsCodec(kms, "k");
  const values = new Map<string, string>();
  for (let at = 0; at < count; at++)
    values.set(`item-${at}`, sealedText(await codec.seal({ [`item-${at}`]: String(at) }), `item-${at}`));
  kms.calls.length = 0;
  return values;
}

suite("opening under AWS KMS", () => {
  test("one call for each data key, four at a time", async () => {
    const kms = new MemoryKms("k");
    const values = await sealedApart(kms, 9);
    for (const [item, text] of await kmsCodec(kms, "k").seal({ x: "1", y: "2" })) values.set(item, text);
    kms.calls.length = 0;
    let [atATime, most] = [0, 0];
    kms.before = async () => {
      most = Math.max(most, ++atATime);
      await settle();
      atATime--;
    };
    const outcomes = await kmsCodec(kms, "k").open(values);
    assert.equal(Object.values(outcomes).filter((one) => one.startsWith("opened ")).length, 11);
    assert.deepEqual(
      [outcomes["item-3"], outcomes["x"], outcomes["y"]],
      ["opened 3", "opened 1", "opened 2"],
    );
    assert.deepEqual([kms.count("Decrypt"), most], [10, 4]);
    assert.deepEqual(Object.keys(outcomes), [...values.keys()], "in the order of the items");
  });

  test("the key that opened it is named", async () => {
    const kms = new MemoryKms("k");
    const sealed = await kmsCodec(kms, "k").seal({ a: "x" });
    const outcome = (await kmsUnsealer(kms, { allowed: () => true }).unsealAll(sealed, here, signal)).get(
      "a",
    );
    assert.equal(outcome?.kind === "opened" && outcome.keyId, `kms:${keyArn("k")}`);
  });

  test("no items, no call", async () => {
    const kms = new MemoryKms("k");
    assert.deepEqual(await kmsCodec(kms, "k").open(new Map()), {});
    assert.deepEqual(kms.calls, []);
  });

  test("a key that no list allows is refused before any call, whichever item names it", async () => {
    const kms = new MemoryKms("k", "other");
    const values = new Map([
      ...(await kmsCodec(kms, "k").seal({ a: "x" })),
      ...(await kmsCodec(kms, "other").seal({ z: "x" })),
    ]);
    kms.calls.length = 0;
    const allowed = (key: string) => key === keyArn("k");
    for (const refusalHint of [undefined, (key: string) => `signet allow kms ${key}`]) {
      const unsealer = kmsUnsealer(kms, { allowed, ...(refusalHint === undefined ? {} : { refusalHint }) });
      await assert.rejects(unsealer.unsealAll(values, here, signal), (error) => {
        assert.ok(error instanceof KeyServiceError);
        assert.equal(error.fault, "not-allowed");
        assert.ok(error.message.includes("spec.encryptedData.z") && error.message.includes(keyArn("other")));
        assert.ok(error.hint.includes(refusalHint?.(keyArn("other")) ?? "--kms-allowed-keys"));
        return true;
      });
    }
    assert.deepEqual(kms.calls, []);
  });

  test("an object of more data keys than are taken costs no call", async () => {
    const kms = new MemoryKms("k");
    assert.equal(MOST_DATA_KEYS, 16);
    const values = await sealedApart(kms, MOST_DATA_KEYS + 1);
    const outcomes = await kmsCodec(kms, "k").open(values);
    assert.equal(outcomes[`item-${MOST_DATA_KEYS}`], "too-many-keys");
    assert.equal(outcomes["item-0"], "not-tried");
    assert.deepEqual(kms.calls, []);
    values.delete("item-0");
    assert.deepEqual(
      new Set(Object.values(await kmsCodec(kms, "k").open(values)).map((one) => one.slice(0, 6))),
      new Set(["opened"]),
    );
    assert.equal(kms.calls.length, MOST_DATA_KEYS);
  });

  test("what is no value costs the others no call", async () => {
    const kms = new MemoryKms("k");
    const values = await sealedApart(kms, 2);
    values.set("bad", "kms:1:x").set("new", "kms:2:x");
    assert.deepEqual(await kmsCodec(kms, "k").open(values), {
      "item-0": "not-tried",
      "item-1": "not-tried",
      bad: "malformed",
      new: "version",
    });
    assert.deepEqual(kms.calls, []);
  });

  test("a value that does not open is the last to cost calls", async () => {
    const kms = new MemoryKms("k");
    const values = await sealedApart(kms, 12);
    const moved = await kmsCodec(kms, "k").seal({ "item-0": "x" }, { ...here, clusterId: "another" });
    values.set("item-0", sealedText(moved, "item-0"));
    kms.calls.length = 0;
    const outcomes = await kmsCodec(kms, "k").open(values);
    assert.deepEqual([outcomes["item-0"], outcomes["item-11"]], ["not-authentic", "not-tried"]);
    assert.ok(kms.calls.length < 8, `${kms.calls.length} calls`);
  });

  test("without the cluster's id nothing is asked", async () => {
    const kms = new MemoryKms("k");
    const values = await sealedApart(kms, 1);
    await assert.rejects(
      kmsUnsealer(kms, { allowed: () => true }).unsealAll(values, { ...here, clusterId: null }, signal),
      (error) => error instanceof KeyServiceError && error.hint.includes("--cluster-id"),
    );
    assert.deepEqual(kms.calls, []);
  });

  test("a service that fails ends it with its error, and no further call", async () => {
    const kms = new MemoryKms("k");
    const values = await sealedApart(kms, 12);
    const fault = serviceFault("throttled");
    kms.before = async () => {
      await settle();
      throw fault;
    };
    await assert.rejects(kmsCodec(kms, "k").open(values), fault);
    assert.equal(kms.calls.length, 4);
  });

  test("an aborted signal ends it", async () => {
    const kms = new MemoryKms("k");
    const values = await sealedApart(kms, 6);
    const ending = new AbortController();
    const gone = new Error("gone");
    kms.before = () => ending.abort(gone);
    const unsealer = kmsUnsealer(kms, { allowed: () => true });
    await assert.rejects(unsealer.unsealAll(values, here, ending.signal), gone);
    await assert.rejects(unsealer.unsealAll(values, here, AbortSignal.abort(gone)), gone);
    assert.ok(kms.calls.length <= 4);
  });

  test("bytes of another length are no data key, though a value was sealed under them", async () => {
    const kms = new MemoryKms("k");
    for (const length of [16, 31, 33, 64]) {
      const envelope = await Envelope.of(new Uint8Array(length), "kms:1");
      const text = writeKmsValue({
        wrapped: kms.wrap("k", new Uint8Array(length), kmsContext(here)),
        sealed: await envelope.seal(utf8("x"), placeBytes("kms:1", here, "a")),
      });
      assert.deepEqual(await kmsCodec(kms, "k").open(new Map([["a", text]])), { a: "not-authentic" });
    }
  });

  test("data keys are wiped after use", async () => {
    const kms = new MemoryKms("k");
    const values = await sealedApart(kms, 2);
    const handedOut: Uint8Array[] = [];
    const api = {
      generateDataKey: kms.generateDataKey.bind(kms),
      encrypt: kms.encrypt.bind(kms),
      reEncrypt: kms.reEncrypt.bind(kms),
      decrypt: async (...call: Parameters<MemoryKms["decrypt"]>) => {
        const dataKey = await kms.decrypt(...call);
        if (dataKey !== null) handedOut.push(dataKey);
        return dataKey;
      },
    };
    const outcomes = await kmsUnsealer(api, { allowed: () => true }).unsealAll(values, here, signal);
    assert.deepEqual(inShort(outcomes), { "item-0": "opened 0", "item-1": "opened 1" });
    assert.deepEqual(handedOut, [new Uint8Array(32), new Uint8Array(32)]);
  });

  test("with a cache, a second look costs no call; at another place it is asked again", async () => {
    const kms = new MemoryKms("k");
    const values = await sealedApart(kms, 3);
    const dataKeys = new DataKeyCache({ now: () => 0 });
    const unsealer = kmsUnsealer(kms, { allowed: () => true, dataKeys });
    const first = inShort(await unsealer.unsealAll(values, here, signal));
    assert.deepEqual(inShort(await unsealer.unsealAll(values, here, signal)), first);
    assert.equal(first["item-1"], "opened 1");
    assert.equal(kms.calls.length, 3);
    const elsewhere = { ...here, clusterId: "another" };
    const moved = inShort(await unsealer.unsealAll(new Map([...values].slice(0, 1)), elsewhere, signal));
    assert.deepEqual(moved, { "item-0": "not-authentic" });
    assert.equal(kms.calls.length, 4);
  });
});

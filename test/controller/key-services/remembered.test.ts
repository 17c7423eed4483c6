import assert from "node:assert/strict";
import { test } from "node:test";
import { RefusedValues } from "../../../controller/key-services/refused-values.ts";
import { rememberedKms, rememberedTransit } from "../../../controller/key-services/remembered.ts";
import { DataKeyCache } from "../../../shared/seal/data-key-cache.ts";
import { keyArn, MemoryKms, serviceFault } from "../../support/memory-kms.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";

const signal = new AbortController().signal;
const share = Uint8Array.from({ length: 33 }, (_, at) => at);

function memory() {
  const clock = { ms: 0 };
  const now = () => clock.ms;
  return { clock, dataKeys: new DataKeyCache({ now }), refused: new RefusedValues(now) };
}

test("KMS is asked once for a blob under its key and context, and again for any other or after a while", async () => {
  const { clock, ...kept } = memory();
  const kms = new MemoryKms("one", "two");
  const api = rememberedKms(kms, kept);
  const wrapped = kms.wrap(keyArn("one"), share, { place: "a" });
  for (let at = 0; at < 3; at++) {
    const opened = await api.decrypt(wrapped, { place: "a" }, signal);
    assert.deepEqual(opened, share);
    opened?.fill(0);
  }
  assert.equal(kms.count("Decrypt"), 1);
  assert.equal(await api.decrypt(wrapped, { place: "b" }, signal), null);
  assert.equal(await api.decrypt({ ...wrapped, key: keyArn("two") }, { place: "a" }, signal), null);
  assert.equal(kms.count("Decrypt"), 3);
  assert.equal(await api.decrypt(wrapped, { place: "b" }, signal), null);
  assert.equal(kms.count("Decrypt"), 3, "a refusal is remembered");
  clock.ms += 10 * 60_000;
  await api.decrypt(wrapped, { place: "a" }, signal);
  await api.decrypt(wrapped, { place: "b" }, signal);
  assert.equal(kms.count("Decrypt"), 5);
});

test("Vault is asked once for a ciphertext of a key; one that it refuses is remembered, one that is too old is not", async () => {
  const { clock, ...kept } = memory();
  const transit = new MemoryTransit();
  const name = transit.createKey("transit/one", "associated-data");
  const other = transit.createKey("transit/two", "associated-data");
  const api = rememberedTransit(transit, kept);
  const text = await api.encryptUnbound(name, share, signal);
  for (let at = 0; at < 3; at++)
    assert.deepEqual(await api.decryptUnbound(name, text, signal), { plaintext: share });
  assert.equal(transit.count("decryptUnbound"), 1);
  for (let at = 0; at < 2; at++)
    assert.deepEqual(await api.decryptUnbound(other, text, signal), { refused: "not-authentic" });
  assert.equal(transit.count("decryptUnbound"), 2);
  clock.ms += 10 * 60_000;
  transit.rotate("transit/one");
  transit.setMinDecryptionVersion("transit/one", 2);
  for (let at = 0; at < 2; at++)
    assert.deepEqual(await api.decryptUnbound(name, text, signal), { refused: "too-old" });
  assert.equal(transit.count("decryptUnbound"), 4);
  transit.setMinDecryptionVersion("transit/one", 1);
  assert.deepEqual(await api.decryptUnbound(name, text, signal), { plaintext: share });
});

test("two who ask for the same ciphertext at once make one call, and each is told why it is refused", async () => {
  const { clock: _clock, ...kept } = memory();
  const transit = new MemoryTransit();
  const name = transit.createKey("transit/one", "associated-data");
  const api = rememberedTransit(transit, kept);
  const text = await transit.encryptUnbound(name, share, signal);
  const both = () => Promise.all([1, 2].map(() => api.decryptUnbound(name, text, signal)));
  assert.deepEqual(await both(), [{ plaintext: share }, { plaintext: share }]);
  assert.equal(transit.count("decryptUnbound"), 1);
  kept.dataKeys.clear();
  transit.rotate("transit/one");
  transit.setMinDecryptionVersion("transit/one", 2);
  assert.deepEqual(await both(), [{ refused: "too-old" }, { refused: "too-old" }]);
});

test("what merely fails is kept by neither", async () => {
  const { clock: _clock, ...kept } = memory();
  const kms = new MemoryKms("one");
  const transit = new MemoryTransit();
  const name = transit.createKey("transit/one", "associated-data");
  const wrapped = kms.wrap(keyArn("one"), share, {});
  const text = await transit.encryptUnbound(name, share, signal);
  const fails = () => {
    throw serviceFault("unavailable");
  };
  kms.before = fails;
  transit.before = fails;
  await assert.rejects(rememberedKms(kms, kept).decrypt(wrapped, {}, signal), { fault: "unavailable" });
  await assert.rejects(rememberedTransit(transit, kept).decryptUnbound(name, text, signal), {
    fault: "unavailable",
  });
  kms.before = () => undefined;
  transit.before = () => undefined;
  assert.deepEqual(await rememberedKms(kms, kept).decrypt(wrapped, {}, signal), share);
  assert.deepEqual(await rememberedTransit(transit, kept).decryptUnbound(name, text, signal), {
    plaintext: share,
  });
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { gatedKms, gatedTransit } from "../../../shared/seal/gated-services.ts";
import { KeyGates } from "../../../shared/seal/key-gate.ts";
import { kmsUnsealer } from "../../../shared/seal/kms-unsealer.ts";
import { keyArn, MemoryKms, serviceFault } from "../../support/memory-kms.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";
import { here, inShort, kmsCodec, signal, vaultCodec } from "../../support/remote-values.ts";

function gates(): KeyGates {
  return new KeyGates({ now: () => 0, random: () => 0 });
}

const team = { by: "team-a" };

const teamB = { ...here, scope: { kind: "namespace-wide", namespace: "team-b" } } as const;

suite("AWS KMS behind gates", () => {
  test("a key that fails is not asked by the others, another key is", async () => {
    const kms = new MemoryKms("k", "other");
    const gated = gatedKms(kms, gates(), team);
    const values = await kmsCodec(gated, "k").seal({ a: "1" });
    const others = await kmsCodec(gated, "other").seal({ a: "2" });
    kms.calls.length = 0;
    const fault = serviceFault("unavailable", "KMS is away");
    kms.before = ({ key }) => {
      if (key === keyArn("k")) throw fault;
    };
    for (let count = 0; count < 50; count++)
      await assert.rejects(kmsCodec(gated, "k").open(values), {
        fault: "unavailable",
        message: "KMS is away",
        retryAfterMs: 1000,
      });
    assert.equal(kms.calls.length, 1);
    assert.deepEqual(await kmsCodec(gated, "other").open(others), { a: "opened 2" });
  });

  test("what a namespace is denied is asked for the others all the same", async () => {
    const kms = new MemoryKms("k");
    const gated = gatedKms(kms, gates(), team);
    const codec = kmsCodec(gated, keyArn("k"));
    const [ours, theirs] = [await codec.seal({ a: "1" }), await codec.seal({ a: "2" }, teamB)];
    kms.calls.length = 0;
    kms.before = ({ context }) => {
      if (context["signet-namespace"] === "team-a") throw serviceFault("denied");
    };
    for (let count = 0; count < 5; count++) {
      await assert.rejects(codec.open(ours), { fault: "denied" });
      assert.deepEqual(await codec.open(theirs, teamB), { a: "opened 2" });
    }
    assert.equal(kms.calls.length, 6);
  });

  test("all calls pass the gate of the key they are for", async () => {
    const kms = new MemoryKms("k");
    const closed = gates();
    const gated = gatedKms(kms, closed, team);
    const wrapped = kms.wrap(keyArn("k"), new Uint8Array(32), {});
    kms.before = () => Promise.reject(serviceFault("unusable"));
    await assert.rejects(gated.decrypt(wrapped, {}, signal), { fault: "unusable" });
    await assert.rejects(gated.reEncrypt(wrapped, {}, "k", signal), { fault: "unusable" });
    await assert.rejects(gated.generateDataKey(keyArn("k"), {}, signal), { fault: "unusable" });
    await assert.rejects(gated.encrypt(keyArn("k"), new Uint8Array(32), {}, signal), { fault: "unusable" });
    assert.deepEqual([kms.calls.length, closed.closed], [1, 1]);
  });

  test("answers come through as they are", async () => {
    const kms = new MemoryKms("k");
    const gated = gatedKms(kms, gates(), team);
    const sealed = await kmsCodec(gated, "k").seal({ a: "1" });
    const outcomes = await kmsUnsealer(gated, { allowed: () => true }).unsealAll(sealed, here, signal);
    assert.deepEqual(inShort(outcomes), { a: "opened 1" });
    const { dataKey, ...wrapped } = await gated.generateDataKey("k", { a: "b" }, signal);
    const anew = await gated.reEncrypt(wrapped, { a: "b" }, "k", signal);
    assert.ok(anew !== null);
    assert.deepEqual(await gated.decrypt(anew, { a: "b" }, signal), dataKey);
  });
});

suite("Vault behind gates", () => {
  test("a key that fails is not asked again, another key is", async () => {
    const transit = new MemoryTransit();
    const closed = gates();
    const gated = gatedTransit(transit, closed, team);
    const [name, other] = [transit.createKey("t/k", "context"), transit.createKey("t/other", "context")];
    transit.before = ({ key }) => {
      if (key === "t/k") throw serviceFault("throttled", "slow down", 7000);
    };
    const values = [{ plaintext: new Uint8Array(), place: new Uint8Array() }];
    const texts = [{ ciphertext: "vault:v1:AAAA", place: new Uint8Array() }];
    for (const call of [
      () => gated.describeKey(name, signal),
      () => gated.encrypt(name, "context", values, signal),
      () => gated.decrypt(name, "context", texts, signal),
      () => gated.rewrap(name, texts, signal),
      () => gated.encryptUnbound(name, new Uint8Array(), signal),
      () => gated.decryptUnbound(name, "vault:v1:AAAA", signal),
    ])
      await assert.rejects(call, { fault: "throttled", retryAfterMs: 7000 });
    assert.deepEqual([transit.calls.length, closed.closed], [1, 1]);
    const codec = vaultCodec(gated, other);
    assert.deepEqual(await codec.open(await codec.seal({ a: "1" })), { a: "opened 1" });
    assert.equal((await gated.rewrap(other, texts, signal)).length, 1);
    const plain = transit.createKey("t/plain", "associated-data");
    const text = await gated.encryptUnbound(plain, new Uint8Array([7]), signal);
    const opened = await gated.decryptUnbound(plain, text, signal);
    assert.deepEqual(opened, { plaintext: new Uint8Array([7]) });
  });
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { InputError } from "../../../shared/errors.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import type { KmsApi } from "../../../shared/seal/kms-api.ts";
import { kmsSealer } from "../../../shared/seal/kms-sealer.ts";
import { readKmsValue } from "../../../shared/seal/kms-value.ts";
import { aliasArn, keyArn, MemoryKms } from "../../support/memory-kms.ts";
import { here, kmsCodec, plain, sealedText } from "../../support/remote-values.ts";

suite("sealing under AWS KMS", () => {
  test("all items of an object take one call and share a data key", async () => {
    const kms = new MemoryKms("k");
    const sealed = await kmsCodec(kms, keyArn("k")).seal({ a: "1", b: "2", c: "" });
    assert.deepEqual(
      kms.calls.map(({ operation, key, context }) => [operation, key, context]),
      [
        [
          "GenerateDataKey",
          keyArn("k"),
          {
            "signet-format": "kms:1",
            "signet-cluster": here.clusterId,
            "signet-scope": "strict",
            "signet-namespace": "team-a",
            "signet-name": "db",
          },
        ],
      ],
    );
    const values = [...sealed].map(([item, text]) => readKmsValue(item, text));
    assert.equal(new Set(values.map(({ wrapped }) => Buffer.from(wrapped.blob).toString("hex"))).size, 1);
    assert.equal(new Set(values.map(({ sealed: part }) => Buffer.from(part).toString("hex", 0, 12))).size, 3);
    assert.deepEqual(await kmsCodec(kms, "k").open(sealed), { a: "opened 1", b: "opened 2", c: "opened " });
  });

  test("each sealing has a data key of its own", async () => {
    const codec = kmsCodec(new MemoryKms("k"), "k");
    const [first, second] = [await codec.seal({ a: "x" }), await codec.seal({ a: "x" })];
    const [one, other] = [first, second].map(
      (sealed) => readKmsValue("a", sealedText(sealed, "a")).wrapped.blob,
    );
    assert.notDeepEqual(one, other);
  });

  test("no items, no call", async () => {
    const kms = new MemoryKms("k");
    assert.equal((await kmsCodec(kms, "k").seal({})).size, 0);
    assert.deepEqual(kms.calls, []);
  });

  test("no cluster, no call", async () => {
    const kms = new MemoryKms("k");
    const sealing = kmsSealer(kms, "k").sealAll(plain({ a: "x" }), { ...here, clusterId: null });
    await assert.rejects(
      sealing,
      (error) => error instanceof InputError && error.hint.includes("--cluster-id"),
    );
    assert.deepEqual(kms.calls, []);
  });

  const named: [asked: string, written: string][] = [
    ["k", keyArn("k")],
    ["alias/db", keyArn("k")],
    [keyArn("k"), keyArn("k")],
    [aliasArn("db"), aliasArn("db")],
  ];
  for (const [asked, written] of named) {
    test(`asked for ${asked}, values name ${written}`, async () => {
      const kms = new MemoryKms("k");
      kms.setAlias("db", "k");
      const codec = kmsCodec(kms, asked);
      const sealed = await codec.seal({ a: "x" });
      assert.equal(readKmsValue("a", sealedText(sealed, "a")).wrapped.key, written);
      assert.deepEqual(await codec.open(sealed), { a: "opened x" });
    });
  }

  test("the sealer is known by its key and leaves no hint: the values name it", () => {
    const { keyId, hint } = kmsSealer(new MemoryKms("k"), "alias/db");
    assert.deepEqual([keyId, hint], ["kms:alias/db", null]);
  });

  test("the data key is wiped, when sealing fails too", async () => {
    const handedOut: Uint8Array[] = [];
    const kms = new MemoryKms("k");
    const api: KmsApi = {
      ...delegating(kms),
      generateDataKey: async (...call) => {
        const generated = await kms.generateDataKey(...call);
        handedOut.push(generated.dataKey);
        return handedOut.length === 1 ? generated : { ...generated, key: "not an ARN" };
      },
    };
    await kmsSealer(api, "k").sealAll(plain({ a: "x" }), here);
    await assert.rejects(
      kmsSealer(api, "k").sealAll(plain({ a: "x" }), here),
      (error) => error instanceof KeyServiceError && error.fault === "misused",
    );
    assert.deepEqual(handedOut, [new Uint8Array(32), new Uint8Array(32)]);
  });

  test("an aborted signal ends it", async () => {
    const kms = new MemoryKms("k");
    const gone = new Error("gone");
    const sealer = kmsSealer(kms, "k", AbortSignal.abort(gone));
    await assert.rejects(sealer.sealAll(plain({ a: "x" }), here), gone);
  });
});

function delegating(kms: MemoryKms): KmsApi {
  return {
    generateDataKey: (...call) => kms.generateDataKey(...call),
    encrypt: (...call) => kms.encrypt(...call),
    decrypt: (...call) => kms.decrypt(...call),
    reEncrypt: (...call) => kms.reEncrypt(...call),
  };
}

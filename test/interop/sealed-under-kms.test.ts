import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { connectKms, type KmsConnection } from "../../shared/aws/kms-client.ts";
import { renewKmsValues } from "../../shared/seal/kms-renewal.ts";
import { readKmsValue } from "../../shared/seal/kms-value.ts";
import { unwrapSealingKey, WrappedKeyError, wrapSealingKey } from "../../shared/seal/wrapped-key.ts";
import { useAwsEnvironment } from "../shared/aws/aws-environment.ts";
import { type MotoKms, startMotoKms } from "../support/moto-kms.ts";
import { here, kmsCodec, plain, sealedText, signal } from "../support/remote-values.ts";

const items = { a: "1", b: "", c: "long ".repeat(20_000) };
const opened = { a: "opened 1", b: "opened ", c: `opened ${items.c}` };

suite("values sealed under AWS KMS, as moto plays it", () => {
  let moto: MotoKms;
  let kms: KmsConnection;
  let key: string;
  let alias: string;

  before(async () => {
    moto = await startMotoKms();
    key = await moto.createKey();
    alias = await moto.setAlias("alias/team-a/db", key);
    useAwsEnvironment(moto.environment);
    kms = connectKms({ version: "1.2.3" });
  });
  after(async () => {
    kms?.close();
    await moto?.stop();
  });

  test("they open at their place and at no other", async () => {
    const codec = kmsCodec(kms, key);
    const values = await codec.seal(items);
    assert.deepEqual(await codec.open(values), opened);
    const strict = { kind: "strict", namespace: "team-a", name: "db" } as const;
    for (const elsewhere of [
      { ...here, clusterId: "another" },
      { ...here, scope: { ...strict, name: "web" } },
      { ...here, scope: { ...strict, namespace: "team-b" } },
      { ...here, scope: { kind: "namespace-wide", namespace: "team-a" } as const },
      { ...here, scope: { kind: "cluster-wide" } as const },
    ])
      assert.deepEqual(
        new Set(Object.values(await codec.open(values, elsewhere))),
        new Set(["not-authentic"]),
      );
    const swapped = new Map([...values, ["b", sealedText(values, "c")], ["c", sealedText(values, "b")]]);
    assert.deepEqual(await codec.open(swapped), { ...opened, b: "not-authentic", c: "not-authentic" });
  });

  test("sealed under a full alias ARN they name the alias, under any other name the key", async () => {
    for (const [asked, written] of [
      [alias, alias],
      ["alias/team-a/db", key],
      [key.slice(key.indexOf("/") + 1), key],
    ] as const) {
      const codec = kmsCodec(kms, asked);
      const values = await codec.seal({ a: "1" });
      assert.equal(readKmsValue("a", sealedText(values, "a")).wrapped.key, written);
      assert.deepEqual(await codec.open(values), { a: "opened 1" });
    }
  });

  test("they may be longer than what KMS itself encrypts, which sees their data key alone", async () => {
    const encrypt = (length: number) =>
      moto.request("Encrypt", { KeyId: key, Plaintext: Buffer.alloc(length, "x").toString("base64") });
    const [most, more] = [await encrypt(4096), await encrypt(4097)];
    assert.deepEqual([most.status, more.status], [200, 400]);
    const codec = kmsCodec(kms, key);
    const long = { a: "x".repeat(4096), b: "x".repeat(4097), c: "x".repeat(1_000_000) };
    const values = await codec.seal(long);
    const blobs = [...values.keys()].map(
      (item) => readKmsValue(item, sealedText(values, item)).wrapped.blob.length,
    );
    assert.ok(Math.max(...blobs) < 4096, `${blobs}`);
    const expected = Object.entries(long).map(([item, text]) => [item, `opened ${text}`]);
    assert.deepEqual(await codec.open(values), Object.fromEntries(expected));
  });

  test("they move to another key inside KMS, and stay at their place", async () => {
    const codec = kmsCodec(kms, key);
    const values = await codec.seal(items);
    const other = await moto.createKey();
    const renewed = await renewKmsValues(kms, values, here, { to: other, allowed: () => true }, signal);
    assert.equal(readKmsValue("a", sealedText(renewed, "a")).wrapped.key, other);
    assert.deepEqual(await codec.open(renewed), opened);
    assert.equal((await codec.open(renewed, { ...here, clusterId: "another" }))["a"], "not-authentic");
  });

  test("a sealing key that it wraps belongs to one Secret", async () => {
    const services = { kms, transit: null };
    const bound = { fingerprint: "SHA256:x", certificate: "0123" };
    const place = { clusterId: "c", namespace: "kube-system", name: "key", ...bound };
    const pem = plain({ pem: "pem" }).get("pem") ?? assert.fail();
    const text = await wrapSealingKey(services, { service: "kms", key }, place, pem, signal);
    const unwrap = (at: typeof place) => unwrapSealingKey(services, text, at, () => true, signal);
    assert.deepEqual(await unwrap(place), pem);
    for (const other of [{ name: "other" }, { certificate: "0124" }])
      await assert.rejects(unwrap({ ...place, ...other }), (error) => error instanceof WrappedKeyError);
  });
});

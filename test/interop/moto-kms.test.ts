import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import { type MotoKms, startMotoKms } from "../support/moto-kms.ts";

suite("moto stands in for KMS", () => {
  let kms: MotoKms;

  before(async () => {
    kms = await startMotoKms();
  });
  after(() => kms?.stop());

  test("a data key opens with the context it was made for, and with no other", async () => {
    const KeyId = await kms.createKey();
    assert.match(KeyId, /^arn:aws:kms:eu-central-1:123456789012:key\/[0-9a-f-]{36}$/);
    const EncryptionContext = { namespace: "shop", name: "db" };
    const made = await kms.request("GenerateDataKey", { KeyId, KeySpec: "AES_256", EncryptionContext });
    assert.equal(made.status, 200);
    const { CiphertextBlob, Plaintext } = made.body;
    const open = (context: object) =>
      kms.request("Decrypt", { KeyId, CiphertextBlob, EncryptionContext: context });
    assert.equal((await open({ name: "db", namespace: "shop" })).body["Plaintext"], Plaintext);
    for (const other of [{}, { namespace: "shop", name: "Db" }, { ...EncryptionContext, more: "" }]) {
      const { status, body } = await open(other);
      assert.deepEqual([status, body["__type"]], [400, "InvalidCiphertextException"]);
    }
  });

  test("an alias leads to the key it was last given to", async () => {
    const [one, other] = [await kms.createKey(), await kms.createKey()];
    const alias = await kms.setAlias("alias/app", one);
    assert.equal(alias, "arn:aws:kms:eu-central-1:123456789012:alias/app");
    const keyBehind = async () =>
      (await kms.request("Encrypt", { KeyId: alias, Plaintext: "AAAA" })).body["KeyId"];
    assert.equal(await keyBehind(), one);
    await kms.setAlias("alias/app", other);
    assert.equal(await keyBehind(), other);
  });

  test("its environment names itself for KMS and STS; reset, it knows no key; stopped, it is gone", async () => {
    const { environment, url, process } = kms;
    assert.equal(environment["AWS_ENDPOINT_URL_KMS"], url);
    assert.equal(environment["AWS_ENDPOINT_URL_STS"], url);
    const KeyId = await kms.createKey();
    assert.equal((await kms.request("DescribeKey", { KeyId })).status, 200);
    await kms.reset();
    assert.equal((await kms.request("DescribeKey", { KeyId })).body["__type"], "NotFoundException");
    await kms.stop();
    assert.ok(!existsSync(`/proc/${process.pid}`));
  });
});

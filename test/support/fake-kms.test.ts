import assert from "node:assert/strict";
import { afterEach, beforeEach, suite, test } from "node:test";
import { type FakeKms, kmsRefusal, startFakeKms } from "./fake-kms.ts";
import { askKms } from "./kms-request.ts";

const EncryptionContext = { namespace: "shop", name: "db" };
const KeySpec = "AES_256";

suite("a fake KMS", () => {
  let kms: FakeKms;
  let KeyId: string;

  beforeEach(async () => {
    kms = await startFakeKms();
    KeyId = kms.createKey();
  });
  afterEach(() => kms.close());

  const ask = (operation: string, input: object) => askKms(kms.url, operation, input);
  const typeOf = async (operation: string, input: object): Promise<unknown> => {
    const { status, body } = await ask(operation, input);
    return status === 200 ? "ok" : body["__type"];
  };
  async function dataKey(): Promise<{ CiphertextBlob: string; Plaintext: string }> {
    const { body } = await ask("GenerateDataKey", { KeyId, KeySpec, EncryptionContext });
    return { CiphertextBlob: String(body["CiphertextBlob"]), Plaintext: String(body["Plaintext"]) };
  }

  test("a data key opens with its own key and context, whatever the order of the pairs, and with no others", async () => {
    const { CiphertextBlob, Plaintext } = await dataKey();
    assert.equal(Buffer.from(Plaintext, "base64").length, 32);
    const reordered = { name: "db", namespace: "shop" };
    const opened = await ask("Decrypt", { CiphertextBlob, KeyId, EncryptionContext: reordered });
    assert.deepEqual([opened.body["Plaintext"], opened.body["KeyId"]], [Plaintext, KeyId]);
    assert.equal(await typeOf("Decrypt", { CiphertextBlob, EncryptionContext }), "ok");
    // Run together, its names and values read the same.
    const shifted = { namedb: "", namespace: "shop" };
    for (const other of [undefined, {}, shifted, { ...EncryptionContext, more: "" }])
      assert.equal(
        await typeOf("Decrypt", { CiphertextBlob, KeyId, EncryptionContext: other }),
        "InvalidCiphertextException",
      );
    const tampered = Buffer.from(CiphertextBlob, "base64");
    tampered[tampered.length - 1] = (tampered.at(-1) ?? 0) ^ 1;
    for (const blob of [tampered.toString("base64"), CiphertextBlob.slice(0, 60), "AAAA"])
      assert.equal(
        await typeOf("Decrypt", { CiphertextBlob: blob, KeyId, EncryptionContext }),
        "InvalidCiphertextException",
      );
  });

  test("another key than the blob's is refused by name, and so is one that may not be used", async () => {
    const { CiphertextBlob } = await dataKey();
    const other = kms.createKey();
    assert.equal(
      await typeOf("Decrypt", { CiphertextBlob, KeyId: other, EncryptionContext }),
      "IncorrectKeyException",
    );
    for (const [state, type] of [
      ["Disabled", "DisabledException"],
      ["PendingDeletion", "KMSInvalidStateException"],
      ["Enabled", "ok"],
    ] as const) {
      kms.setState(KeyId, state);
      assert.equal(await typeOf("Decrypt", { CiphertextBlob, KeyId, EncryptionContext }), type);
      assert.equal(await typeOf("GenerateDataKey", { KeyId, KeySpec }), type);
      const { body } = await ask("DescribeKey", { KeyId });
      assert.equal((body["KeyMetadata"] as { KeyState: string }).KeyState, state);
    }
    assert.equal(await typeOf("DescribeKey", { KeyId: `${KeyId}0` }), "NotFoundException");
  });

  test("keys go by id, ARN and aliases; ReEncrypt moves to another key and context", async () => {
    const { CiphertextBlob, Plaintext } = await dataKey();
    const other = kms.createKey();
    const alias = kms.setAlias("alias/next", other);
    for (const name of [other, other.replace(/.*\//, ""), alias, "alias/next"]) {
      const { body } = await ask("ReEncrypt", {
        CiphertextBlob,
        SourceKeyId: KeyId,
        SourceEncryptionContext: EncryptionContext,
        DestinationKeyId: name,
        DestinationEncryptionContext: { place: "new" },
      });
      assert.deepEqual([body["KeyId"], body["SourceKeyId"]], [other, KeyId]);
      const moved = { CiphertextBlob: body["CiphertextBlob"], KeyId: alias };
      const opened = await ask("Decrypt", { ...moved, EncryptionContext: { place: "new" } });
      assert.equal(opened.body["Plaintext"], Plaintext);
    }
  });

  test("what does not fit KMS' limits is refused", async () => {
    const plaintext = (length: number) => Buffer.alloc(length).toString("base64");
    assert.equal(await typeOf("Encrypt", { KeyId, Plaintext: plaintext(4096) }), "ok");
    assert.equal(await typeOf("Encrypt", { KeyId, Plaintext: plaintext(4097) }), "ValidationException");
    assert.equal(await typeOf("Encrypt", { KeyId, Plaintext: "" }), "ValidationException");
    assert.equal(await typeOf("Decrypt", { CiphertextBlob: plaintext(6145) }), "ValidationException");
    assert.equal(await typeOf("GenerateDataKey", { KeyId }), "ValidationException");
    assert.equal(await typeOf("CreateGrant", { KeyId }), "UnknownOperationException");
  });

  test("faults strike as often, and where, they were asked to, and every call is noted", async () => {
    kms.inject(kmsRefusal("ThrottlingException"), { times: 2, of: "Decrypt" });
    kms.inject(kmsRefusal("KMSInternalException", 500), { of: "Encrypt" });
    const { CiphertextBlob } = await dataKey();
    const open = { CiphertextBlob, KeyId, EncryptionContext };
    assert.equal(await typeOf("Decrypt", open), "ThrottlingException");
    assert.equal(await typeOf("Decrypt", open), "ThrottlingException");
    assert.equal(await typeOf("Decrypt", open), "ok");
    const failed = await ask("Encrypt", { KeyId, Plaintext: "AAAA" });
    assert.equal(failed.status, 500);
    kms.heal();
    assert.equal(await typeOf("Encrypt", { KeyId, Plaintext: "AAAA" }), "ok");
    assert.equal(await typeOf("Encrypt", { KeyId: "alias/none", Plaintext: "AAAA" }), "NotFoundException");
    assert.deepEqual(
      kms.calls.map(({ operation, outcome }) => `${operation} ${outcome}`),
      [
        "GenerateDataKey ok",
        "Decrypt ThrottlingException",
        "Decrypt ThrottlingException",
        "Decrypt ok",
        "Encrypt KMSInternalException",
        "Encrypt ok",
        "Encrypt NotFoundException",
      ],
    );
    assert.deepEqual(kms.calls[3], {
      operation: "Decrypt",
      keyId: KeyId,
      context: EncryptionContext,
      outcome: "ok",
    });
    assert.deepEqual([kms.count(), kms.count("Decrypt")], [7, 3]);
  });
});

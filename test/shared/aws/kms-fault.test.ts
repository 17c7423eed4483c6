import assert from "node:assert/strict";
import { after, before, beforeEach, suite, test } from "node:test";
import { inspect } from "node:util";
import { connectKms, type KmsConnection } from "../../../shared/aws/kms-client.ts";
import { KeyServiceError, type KeyServiceFault } from "../../../shared/seal/key-service-error.ts";
import { type FakeKms, kmsRefusal, startFakeKms } from "../../support/fake-kms.ts";
import { useAwsEnvironment } from "./aws-environment.ts";

type Row = {
  name: string;
  status?: number;
  fault: KeyServiceFault;
  /** How often KMS is asked. */
  asked: number;
  message: RegExp;
  hint: RegExp;
};

const rows: readonly Row[] = [
  {
    name: "NotFoundException",
    fault: "unusable",
    asked: 1,
    message: /no such key in eu-central-1$/,
    hint: /alias/,
  },
  { name: "DisabledException", fault: "unusable", asked: 1, message: /the key is disabled$/, hint: /enable/ },
  {
    name: "KMSInvalidStateException",
    fault: "unusable",
    asked: 1,
    message: /pending deletion or import$/,
    hint: /cancel-key-deletion/,
  },
  {
    name: "InvalidKeyUsageException",
    fault: "unusable",
    asked: 1,
    message: /does not encrypt/,
    hint: /symmetric/,
  },
  ...["KeyUnavailableException", "DependencyTimeoutException", "KMSInternalException"].map(
    (name): Row => ({
      name,
      status: 500,
      fault: "unavailable",
      asked: 2,
      message: /cannot answer for now$/,
      hint: /^wait/,
    }),
  ),
  { name: "ThrottlingException", fault: "throttled", asked: 2, message: /too many requests/, hint: /quota/ },
  {
    name: "AccessDeniedException",
    fault: "denied",
    asked: 1,
    message: /access is denied for kms:Decrypt$/,
    hint: /^allow kms:Decrypt .* the encryption context keys signet-cluster, signet-name;/,
  },
  ...[
    "ValidationException",
    "InvalidArnException",
    "InvalidGrantTokenException",
    "DryRunOperationException",
    "UnsupportedOperationException",
  ].map(
    (name): Row => ({
      name,
      fault: "misused",
      asked: 1,
      message: /takes the request as wrong$/,
      hint: /key's name/,
    }),
  ),
  // The SDK counts it among what throttles.
  { name: "LimitExceededException", fault: "misused", asked: 2, message: /as wrong$/, hint: /key's name/ },
  ...["ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"].map(
    (name): Row => ({
      name,
      fault: "credentials",
      asked: 1,
      message: /does not take our credentials$/,
      hint: /current.*clock/,
    }),
  ),
  {
    name: "NobodyKnowsException",
    fault: "misused",
    asked: 1,
    message: /do not know \(HTTP 400\)$/,
    hint: /./,
  },
  { name: "NobodyKnows", status: 500, fault: "unavailable", asked: 2, message: /for now$/, hint: /^wait/ },
  { name: "NobodyKnows", status: 429, fault: "throttled", asked: 2, message: /too many/, hint: /quota/ },
];

const context = { "signet-name": "canary-of-context", "signet-cluster": "c" };

suite("errors of KMS", () => {
  let fake: FakeKms;
  let kms: KmsConnection;
  let key: string;
  const signal = new AbortController().signal;
  const someBlob = new Uint8Array(48).fill(7);

  before(async () => {
    fake = await startFakeKms();
    key = fake.createKey();
  });
  beforeEach(() => {
    useAwsEnvironment(fake.environment);
    fake.heal();
    kms?.close();
    kms = connectKms({ version: "1.2.3" });
  });
  after(async () => {
    kms.close();
    await fake.close();
  });

  const failure = async (call: Promise<unknown>): Promise<KeyServiceError> => {
    const error = await call.then(
      () => assert.fail("it did not fail"),
      (one: unknown) => one,
    );
    if (!(error instanceof KeyServiceError)) throw error;
    return error;
  };
  const decrypting = () => kms.decrypt({ key, blob: someBlob }, context, signal);

  for (const { name, status, fault, asked, message, hint } of rows) {
    test(`${name}, HTTP ${status ?? 400}: ${fault}, asked ${asked === 1 ? "once" : "twice"}`, async () => {
      fake.inject(kmsRefusal(name, status));
      const before = fake.calls.length;
      const error = await failure(decrypting());
      assert.equal(error.fault, fault);
      assert.ok(error.message.startsWith(`AWS KMS in eu-central-1, key ${key}: `), error.message);
      assert.match(error.message, message);
      assert.match(error.hint, hint);
      assert.equal(fake.calls.length - before, asked);
      assert.equal(error.retryAfterMs, null);
      // Neither what KMS said, nor what was sent, nor the SDK's error as a cause.
      assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /canary|arn:aws:iam|AKIATEST/);
    });
  }

  for (const name of ["InvalidCiphertextException", "IncorrectKeyException"]) {
    test(`${name} says that key, blob and context do not belong together`, async () => {
      fake.inject(kmsRefusal(name));
      assert.equal(await decrypting(), null);
      assert.equal(await kms.reEncrypt({ key, blob: someBlob }, context, key, signal), null);
      // Of a new key it would make no sense.
      assert.equal((await failure(kms.generateDataKey(key, context, signal))).fault, "misused");
    });
  }

  test("what denies re-encryption names both rights and both keys", async () => {
    const other = fake.createKey();
    fake.inject(kmsRefusal("AccessDeniedException"));
    const error = await failure(kms.reEncrypt({ key, blob: someBlob }, {}, other, signal));
    assert.ok(error.message.includes(`${key}, to be wrapped under ${other}: `));
    assert.match(
      error.hint,
      /^allow kms:ReEncryptFrom and kms:ReEncryptTo .* without an encryption context;/,
    );
    const same = await failure(kms.reEncrypt({ key, blob: someBlob }, {}, key, signal));
    assert.ok(!same.message.includes("to be wrapped"));
  });

  test("one fault of the moment goes unnoticed", async () => {
    for (const name of ["ThrottlingException", "KMSInternalException"]) {
      fake.inject(kmsRefusal(name, 500), { times: 1 });
      assert.equal((await kms.generateDataKey(key, context, signal)).key, key);
    }
  });

  test("how long to wait is what Retry-After says", async () => {
    fake.inject({
      kind: "answer",
      status: 400,
      body: { __type: "ThrottlingException" },
      headers: { "retry-after": "1" },
    });
    const error = await failure(decrypting());
    assert.equal(error.fault, "throttled");
    assert.equal(error.retryAfterMs, 1000);
    fake.heal();
    fake.inject({
      kind: "answer",
      status: 400,
      body: { __type: "DisabledException" },
      headers: { "retry-after": "soon" },
    });
    assert.equal((await failure(decrypting())).retryAfterMs, null);
  });

  test("an answer that is none of KMS's passes", async () => {
    const answers: readonly [object, RegExp][] = [
      [{ status: 200, body: "<!DOCTYPE html><p>canary" }, /a web page came as the answer \(HTTP 200\)$/],
      [{ status: 403, body: " <html>canary" }, /a web page came as the answer \(HTTP 403\)$/],
      [{ status: 200, body: "canary is no JSON" }, /the answer is none of KMS$/],
      [{ status: 400, body: "canary is no JSON" }, /the answer is none of KMS$/],
      [{ status: 200, body: {} }, /the answer lacks what was asked for$/],
    ];
    for (const [answer, message] of answers) {
      fake.heal();
      fake.inject({ kind: "answer", status: 0, body: null, ...answer });
      for (const call of [
        decrypting,
        () => kms.generateDataKey(key, context, signal),
        () => kms.reEncrypt({ key, blob: someBlob }, context, key, signal),
      ]) {
        const error = await failure(call());
        assert.equal(error.fault, "unavailable");
        assert.match(error.message, message);
        assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /canary/);
      }
    }
  });

  test("keys and blobs are taken only whole", async () => {
    const Plaintext = Buffer.alloc(32).toString("base64");
    const CiphertextBlob = "AAAA";
    for (const body of [
      { KeyId: key, CiphertextBlob, Plaintext: Buffer.alloc(31).toString("base64") },
      { KeyId: key, Plaintext },
      { KeyId: key, CiphertextBlob: "", Plaintext },
      { CiphertextBlob, Plaintext },
      { KeyId: "alias/app", CiphertextBlob, Plaintext },
      { KeyId: "arn:aws:kms:x\n:1:key/y", CiphertextBlob, Plaintext },
    ]) {
      fake.heal();
      fake.inject({ kind: "answer", status: 200, body });
      const error = await failure(kms.generateDataKey(key, context, signal));
      assert.match(error.message, /the answer lacks what was asked for$/);
    }
  });

  test("an endpoint that is no URL is named", async () => {
    useAwsEnvironment({ ...fake.environment, AWS_ENDPOINT_URL_KMS: "not a url" });
    const error = await failure(decrypting());
    assert.equal(error.fault, "misused");
    assert.match(error.message, /its endpoint is no URL$/);
    assert.match(error.hint, /AWS_ENDPOINT_URL_KMS/);
  });
});

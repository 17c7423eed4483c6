import assert from "node:assert/strict";
import { after, before, beforeEach, suite, test } from "node:test";
import { connectKms, type KmsConnection, type KmsOptions } from "../../../shared/aws/kms-client.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { type FakeKms, kmsRefusal, startFakeKms } from "../../support/fake-kms.ts";
import { answer, type ScriptedServer, startScriptedServer } from "../kube/scripted-server.ts";
import { useAwsEnvironment } from "./aws-environment.ts";

const context = { "signet-name": "db", "signet-namespace": "shop" };
const never = new AbortController().signal;

function failsWith(fault: string, message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof KeyServiceError, `${error}`);
    assert.equal(error.fault, fault);
    assert.match(error.message, message);
    return true;
  };
}

suite("calls on KMS", () => {
  let fake: FakeKms;
  let kms: KmsConnection;
  let key: string;

  const connect = (options: Partial<KmsOptions> = {}) => {
    kms?.close();
    kms = connectKms({ version: "1.2.3", ...options });
    return kms;
  };

  before(async () => {
    fake = await startFakeKms();
    key = fake.createKey();
  });
  beforeEach(() => {
    useAwsEnvironment(fake.environment);
    fake.heal();
    connect();
  });
  after(async () => {
    kms.close();
    await fake.close();
  });

  test("a data key comes back by its blob, its key and its context, whatever the order of the pairs", async () => {
    const made = await kms.generateDataKey(key, context, never);
    assert.equal(made.key, key);
    assert.equal(made.dataKey.length, 32);
    const turned = Object.fromEntries(Object.entries(context).toReversed());
    assert.deepEqual(await kms.decrypt(made, turned, never), made.dataKey);
    assert.deepEqual(
      fake.calls.slice(-2).map(({ operation, keyId, context: sent }) => ({ operation, keyId, sent })),
      [
        { operation: "GenerateDataKey", keyId: key, sent: context },
        { operation: "Decrypt", keyId: key, sent: context },
      ],
    );
  });

  test("bytes at hand are wrapped under a key, for a context", async () => {
    const plaintext = Uint8Array.from({ length: 33 }, (_, at) => at);
    const alias = fake.setAlias("alias/app/sops", key);
    for (const name of [key, alias]) {
      const wrapped = await kms.encrypt(name, plaintext, context, never);
      assert.equal(wrapped.key, key);
      assert.deepEqual(await kms.decrypt({ ...wrapped, key: name }, context, never), plaintext);
      assert.equal(await kms.decrypt(wrapped, {}, never), null);
    }
    assert.deepEqual(
      fake.calls.filter(({ operation }) => operation === "Encrypt").map(({ keyId }) => keyId),
      [key, alias],
    );
    assert.equal(plaintext[32], 32, "it is its giver's");
    fake.inject(kmsRefusal("AccessDeniedException"), { times: 1, of: "Encrypt" });
    const denied = failsWith("denied", /access is denied for kms:Encrypt/);
    await assert.rejects(kms.encrypt(key, plaintext, context, never), denied);
  });

  test("another context, key or blob opens nothing", async () => {
    const made = await kms.generateDataKey(key, context, never);
    const damaged = Uint8Array.from(made.blob, (byte, at) => (at === made.blob.length - 1 ? byte ^ 1 : byte));
    const other = fake.createKey();
    for (const [wrapped, pairs] of [
      [made, { ...context, "signet-name": "DB" }],
      [made, { "signet-name": "db" }],
      [made, { ...context, more: "pairs" }],
      [made, {}],
      [{ ...made, key: other }, context],
      [{ ...made, blob: damaged }, context],
    ] as const) {
      assert.equal(await kms.decrypt(wrapped, pairs, never), null);
      assert.equal(await kms.reEncrypt(wrapped, pairs, key, never), null);
    }
  });

  test("a data key is wrapped anew under another key, for the same context", async () => {
    const other = fake.createKey();
    const made = await kms.generateDataKey(key, context, never);
    const moved = await kms.reEncrypt(made, context, other, never);
    assert.equal(moved?.key, other);
    assert.notDeepEqual(moved.blob, made.blob);
    assert.deepEqual(await kms.decrypt(moved, context, never), made.dataKey);
    assert.equal(await kms.decrypt(moved, {}, never), null);
  });

  test("a key may be named by id and alias too; the answer names its ARN", async () => {
    const alias = fake.setAlias("alias/app/main", key);
    for (const name of [key.slice(key.lastIndexOf("/") + 1), "alias/app/main", alias]) {
      const made = await kms.generateDataKey(name, {}, never);
      assert.equal(made.key, key);
      assert.deepEqual(await kms.decrypt({ ...made, key: name }, {}, never), made.dataKey);
    }
  });

  test("a key that is disabled or about to be deleted is told", async () => {
    for (const [state, message] of [
      ["Disabled", /is disabled/],
      ["PendingDeletion", /pending deletion/],
    ] as const) {
      const other = fake.createKey();
      fake.setState(other, state);
      await assert.rejects(kms.generateDataKey(other, {}, never), failsWith("unusable", message));
    }
  });

  test("what is no key by its form is not asked for, and not repeated", async () => {
    const before = fake.calls.length;
    for (const name of [
      "",
      "arn:aws:kms:eu-central-1:123456789012:key/a b",
      "arn:aws:kms:eu-central-1.evil.example:123456789012:key/a",
      "arn:aws:kms::123456789012:key/a",
      "arn:aws:s3:eu-central-1:123456789012:key/a",
      "arn:aws:kms:eu-central-1:123456789012:grant/a",
      "key\nwith a line",
    ]) {
      const check = failsWith("misused", /^AWS KMS: what is given as a key is none by its form$/);
      await assert.rejects(kms.generateDataKey(name, {}, never), check);
      await assert.rejects(kms.decrypt({ key: name, blob: new Uint8Array(9) }, {}, never), check);
      await assert.rejects(kms.reEncrypt({ key, blob: new Uint8Array(9) }, {}, name, never), check);
    }
    assert.equal(fake.calls.length, before);
  });

  test("keys of two regions do not go together", async () => {
    const far = "arn:aws:kms:us-east-1:123456789012:key/far";
    await assert.rejects(
      kms.reEncrypt({ key, blob: new Uint8Array(9) }, {}, far, never),
      failsWith("misused", /lie in two regions$/),
    );
  });

  test("without any region it says what to do", async () => {
    const { AWS_REGION: _, ...others } = fake.environment;
    useAwsEnvironment(others);
    await assert.rejects(connect().generateDataKey("alias/app", {}, never), (error) => {
      failsWith("misused", /neither the key's name nor the environment says the region/)(error);
      assert.match((error as KeyServiceError).hint, /AWS_REGION/);
      return true;
    });
    assert.equal((await kms.generateDataKey(key, {}, never)).key, key);
  });

  test("the SDK's copy of a data key is wiped", async (t) => {
    const wiped: string[] = [];
    for (const prototype of [Uint8Array.prototype, Buffer.prototype]) {
      const { fill } = prototype;
      t.mock.method(prototype, "fill", function (this: Uint8Array, ...args: [number]) {
        if (args[0] === 0) wiped.push(Buffer.from(this).toString("hex"));
        return Reflect.apply(fill, this, args);
      });
    }
    const made = await kms.generateDataKey(key, {}, never);
    const hex = Buffer.from(made.dataKey).toString("hex");
    assert.equal(wiped.filter((one) => one === hex).length, 1);
    assert.deepEqual(await kms.decrypt(made, {}, never), made.dataKey);
    assert.equal(wiped.filter((one) => one === hex).length, 2);
  });

  test("an abort ends a call with its reason: before, while it waits for its turn, and under way", async () => {
    connect({ mostCalls: [1, 1, 1] });
    fake.inject({ kind: "silence" });
    const reason = new Error("stopped");
    await assert.rejects(kms.generateDataKey(key, {}, AbortSignal.abort(reason)), reason);
    const [first, second] = [new AbortController(), new AbortController()];
    const before = fake.calls.length;
    const running = kms.generateDataKey(key, {}, first.signal);
    const waiting = kms.generateDataKey(key, {}, second.signal);
    second.abort(reason);
    await assert.rejects(waiting, reason);
    while (fake.calls.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    first.abort(reason);
    await assert.rejects(running, reason);
    assert.equal(fake.calls.length, before + 1);
    fake.heal();
    assert.equal((await kms.generateDataKey(key, {}, never)).key, key);
  });

  test("closing ends what is under way, and nothing is asked afterwards", async () => {
    fake.inject({ kind: "silence" });
    const before = fake.calls.length;
    const running = kms.generateDataKey(key, {}, never);
    while (fake.calls.length === before) await new Promise((resolve) => setTimeout(resolve, 5));
    kms.close();
    await assert.rejects(running, failsWith("unavailable", /this client was closed$/));
    fake.heal();
    await assert.rejects(kms.generateDataKey(key, {}, never), failsWith("unavailable", /closed$/));
    assert.equal(fake.calls.length, before + 1);
  });

  test("a call that hangs is given up within the time that is told: it is not tried again", async () => {
    const server = await startScriptedServer(() => undefined);
    useAwsEnvironment({ ...fake.environment, AWS_ENDPOINT_URL_KMS: server.url });
    connect({ requestTimeoutMs: 60 });
    const hanging = kms.generateDataKey(key, {}, never);
    await assert.rejects(hanging, failsWith("unavailable", /no answer within 0\.06 s$/));
    assert.equal(server.seen.length, 1);
    await server.close();
  });

  test("a connection that breaks once goes unnoticed; one that stays broken does not", async () => {
    await kms.generateDataKey(key, {}, never);
    fake.cutConnections();
    await kms.generateDataKey(key, {}, never);
    for (const kind of ["drop", "cut"] as const) {
      fake.inject({ kind }, { times: 1 });
      assert.equal((await kms.generateDataKey(key, {}, never)).key, key);
      fake.inject({ kind });
      await assert.rejects(
        kms.generateDataKey(key, {}, never),
        failsWith("unavailable", /the connection broke$/),
      );
      fake.heal();
    }
  });

  test("an answer without end is given up", async () => {
    fake.inject({ kind: "endless" });
    await assert.rejects(
      kms.generateDataKey(key, {}, never),
      failsWith("unavailable", /the answer is longer than 256 KiB$/),
    );
  });

  test("no more calls are under way than allowed", async () => {
    let [open, most] = [0, 0];
    const server = await startScriptedServer((response) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        answer(response, 400, { __type: "DisabledException" });
      }, 20);
    });
    useAwsEnvironment({ ...fake.environment, AWS_ENDPOINT_URL_KMS: server.url });
    connect({ mostCalls: [3, 3, 3] });
    const all = Array.from({ length: 8 }, () => kms.generateDataKey(key, {}, never));
    for (const { status } of await Promise.allSettled(all)) assert.equal(status, "rejected");
    await server.close();
    assert.equal(server.seen.length, 8);
    assert.equal(most, 3);
  });

  test("calls that hang hold up no other key of their region, and no other region", async () => {
    const arn = (region: string, at: number) => `arn:aws:kms:${region}:123456789012:key/k${at}`;
    const server = await startScriptedServer((response, { body }) => {
      const { KeyId = "" } = JSON.parse(body) as { KeyId?: string };
      if (!KeyId.includes("us-east-1") || KeyId.endsWith("k99"))
        answer(response, 200, { KeyId, Plaintext: Buffer.alloc(32, 9).toString("base64") });
    });
    useAwsEnvironment({ ...fake.environment, AWS_ENDPOINT_URL_KMS: server.url });
    connect();
    const decrypt = (name: string, signal: AbortSignal) =>
      kms.decrypt({ key: name, blob: new Uint8Array(64) }, {}, signal);
    const seen = async (count: number) => {
      while (server.seen.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const stopping = new AbortController();
    const bound = AbortSignal.timeout(5000);
    const one = Array.from({ length: 40 }, () => decrypt(arn("us-east-1", 0), stopping.signal));
    await seen(8);
    assert.equal((await decrypt(arn("us-east-1", 99), bound))?.length, 32);
    const many = Array.from({ length: 40 }, (_, at) => decrypt(arn("us-east-1", 1 + at), stopping.signal));
    await seen(33);
    assert.equal((await decrypt(arn("eu-central-1", 0), bound))?.length, 32);
    assert.equal(server.seen.length, 34);
    stopping.abort(new Error("enough"));
    for (const { status } of await Promise.allSettled([...one, ...many])) assert.equal(status, "rejected");
    await server.close();
  });

  test("credentials that KMS refuses are tried once while there are no others", async () => {
    fake.inject(kmsRefusal("ExpiredTokenException"));
    const before = fake.calls.length;
    await assert.rejects(kms.generateDataKey(key, {}, never), failsWith("credentials", /our credentials$/));
    assert.equal(fake.calls.length, before + 1);
  });
});

suite("what goes over the wire to KMS", () => {
  let server: ScriptedServer;
  const key = "arn:aws:kms:eu-west-3:123456789012:key/one";

  before(async () => {
    server = await startScriptedServer((response, { body }) => {
      const { KeyId = key } = JSON.parse(body) as { KeyId?: string };
      answer(response, 200, {
        KeyId,
        CiphertextBlob: "AAAA",
        Plaintext: Buffer.alloc(32, 9).toString("base64"),
      });
    });
  });
  beforeEach(() => {
    server.seen.length = 0;
    useAwsEnvironment({
      AWS_ACCESS_KEY_ID: "AKIATEST",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_REGION: "eu-central-1",
      AWS_ENDPOINT_URL_KMS: server.url,
    });
  });
  after(() => server.close());

  const regionsAsked = () =>
    server.seen.map(
      ({ headers }) => /Credential=AKIATEST\/\d+\/([^/]+)\/kms\//.exec(headers.authorization ?? "")?.[1],
    );

  test("a request is signed for the region of the key, and for the environment's where the name tells none", async () => {
    const kms = connectKms({ version: "1.2.3" });
    await kms.generateDataKey(key, {}, never);
    await kms
      .generateDataKey("arn:aws-us-gov:kms:us-gov-west-1:123456789012:alias/a", {}, never)
      .catch(() => null);
    const there = { key: "arn:aws:kms:sa-east-1:123456789012:key/two", blob: new Uint8Array(5) };
    await kms.decrypt(there, {}, never);
    await kms.reEncrypt({ ...there, key: "alias/a" }, {}, there.key, never);
    await kms.decrypt({ ...there, key: "alias/a" }, {}, never);
    kms.close();
    assert.deepEqual(regionsAsked(), [
      "eu-west-3",
      "us-gov-west-1",
      "sa-east-1",
      "sa-east-1",
      "eu-central-1",
    ]);
  });

  test("KMS is told key, kind of key and context each time, and who asks", async () => {
    const kms = connectKms({ version: "1.2.3" });
    const blob = Uint8Array.of(1, 2, 3);
    await kms.generateDataKey(key, { a: "1" }, never);
    await kms.decrypt({ key, blob }, { a: "1" }, never);
    await kms.reEncrypt({ key, blob }, { a: "1" }, `${key}2`, never);
    kms.close();
    assert.deepEqual(
      server.seen.map(({ headers, body }) => [headers["x-amz-target"], JSON.parse(body)]),
      [
        ["TrentService.GenerateDataKey", { KeyId: key, KeySpec: "AES_256", EncryptionContext: { a: "1" } }],
        ["TrentService.Decrypt", { KeyId: key, CiphertextBlob: "AQID", EncryptionContext: { a: "1" } }],
        [
          "TrentService.ReEncrypt",
          {
            SourceKeyId: key,
            CiphertextBlob: "AQID",
            SourceEncryptionContext: { a: "1" },
            DestinationKeyId: `${key}2`,
            DestinationEncryptionContext: { a: "1" },
          },
        ],
      ],
    );
    for (const { headers } of server.seen) assert.match(headers["user-agent"] ?? "", /\bsignet\/1\.2\.3\b/);
  });

  test("many regions, one after the other and back, are served", async () => {
    const kms = connectKms({ version: "1.2.3" });
    const names = Array.from({ length: 20 }, (_, at) => `eu-north-${at}`);
    for (const region of [...names, "eu-north-0"]) {
      await kms.generateDataKey(`arn:aws:kms:${region}:123456789012:key/one`, {}, never);
    }
    kms.close();
    assert.deepEqual(regionsAsked(), [...names, "eu-north-0"]);
  });

  test("AWS_ENDPOINT_URL serves too, and the endpoint of KMS alone comes before it", async () => {
    useAwsEnvironment({
      AWS_ACCESS_KEY_ID: "AKIATEST",
      AWS_SECRET_ACCESS_KEY: "test",
      AWS_ENDPOINT_URL: server.url,
    });
    const general = connectKms({ version: "1.2.3" });
    await general.generateDataKey(key, {}, never);
    general.close();
    process.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1";
    process.env["AWS_ENDPOINT_URL_KMS"] = server.url;
    const own = connectKms({ version: "1.2.3" });
    await own.generateDataKey(key, {}, never);
    own.close();
    assert.equal(server.seen.length, 2);
  });
});

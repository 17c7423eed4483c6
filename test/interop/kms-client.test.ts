import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, suite, test } from "node:test";
import { connectKms, type KmsConnection } from "../../shared/aws/kms-client.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { useAwsEnvironment } from "../shared/aws/aws-environment.ts";
import { type MotoKms, startMotoKms } from "../support/moto-kms.ts";

const never = new AbortController().signal;
const context = { "signet-format": "kms:1", "signet-namespace": "shop", "signet-name": "größe" };

suite("the client of AWS KMS against moto", () => {
  let moto: MotoKms;
  let key: string;
  let kms: KmsConnection;
  let sources: string[];

  const connect = (environment: Readonly<Record<string, string>>) => {
    useAwsEnvironment(environment);
    sources = [];
    kms = connectKms({ version: "1.2.3", onCredentials: (source) => sources.push(source) });
    return kms;
  };

  before(async () => {
    moto = await startMotoKms();
    key = await moto.createKey();
  });
  beforeEach(() => connect(moto.environment));
  afterEach(() => kms.close());
  after(() => moto.stop());

  test("a data key opens again for its context, whatever the order of the pairs", async () => {
    const made = await kms.generateDataKey(key, context, never);
    assert.equal(made.key, key);
    assert.equal(made.dataKey.length, 32);
    const turned = Object.fromEntries(Object.entries(context).toReversed());
    assert.deepEqual(await kms.decrypt(made, turned, never), made.dataKey);
    assert.deepEqual(sources, ["environment"]);
  });

  test("another context, or a damaged blob, opens nothing", async () => {
    const made = await kms.generateDataKey(key, context, never);
    const { "signet-name": _, ...missing } = context;
    for (const other of [missing, {}, { ...context, more: "pairs" }, { ...context, "signet-name": "Größe" }])
      assert.equal(await kms.decrypt(made, other, never), null);
    const blob = Uint8Array.from(made.blob, (byte, at) => (at === made.blob.length - 1 ? byte ^ 1 : byte));
    assert.equal(await kms.decrypt({ key, blob }, context, never), null);
    assert.equal(await kms.reEncrypt(made, missing, key, never), null);
  });

  test("another key is refused, and a missing one told", async () => {
    const made = await kms.generateDataKey(key, context, never);
    const other = await moto.createKey();
    // KMS itself says IncorrectKeyException here.
    await assert.rejects(kms.decrypt({ ...made, key: other }, context, never), { fault: "denied" });
    const gone = key.replace(/[^/]+$/, "00000000-0000-4000-8000-000000000000");
    await assert.rejects(kms.generateDataKey(gone, context, never), (error) => {
      assert.ok(error instanceof KeyServiceError);
      assert.equal(error.fault, "unusable");
      assert.match(error.message, /there is no such key in eu-central-1$/);
      return true;
    });
  });

  test("ReEncrypt moves a data key to another key, and to the newest material of the same", async () => {
    const other = await moto.createKey();
    const made = await kms.generateDataKey(key, context, never);
    for (const to of [other, key]) {
      const moved = await kms.reEncrypt(made, context, to, never);
      assert.equal(moved?.key, to);
      assert.notDeepEqual(moved.blob, made.blob);
      assert.deepEqual(await kms.decrypt(moved, context, never), made.dataKey);
    }
  });

  test("an alias leads to its key, whose ARN is what comes back, and stays when the alias goes elsewhere", async () => {
    const alias = await moto.setAlias("alias/signet", key);
    for (const name of ["alias/signet", alias]) {
      const made = await kms.generateDataKey(name, context, never);
      assert.equal(made.key, key);
      await moto.setAlias("alias/signet", await moto.createKey());
      assert.deepEqual(await kms.decrypt(made, context, never), made.dataKey);
      await moto.setAlias("alias/signet", key);
    }
  });

  test("with a web identity, STS gives the credentials that KMS takes (IRSA)", async () => {
    const folder = await mkdtemp(join(tmpdir(), "signet-irsa-"));
    const tokenFile = join(folder, "token");
    await writeFile(tokenFile, "header.payload.signature");
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...others } = moto.environment;
    connect({
      ...others,
      AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/signet",
      AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
    });
    const made = await kms.generateDataKey(key, context, never);
    assert.deepEqual(await kms.decrypt(made, context, never), made.dataKey);
    assert.deepEqual(sources, ["web identity (IRSA)"]);
    await rm(folder, { recursive: true });
  });

  test("a KMS that went away is not reached, and told so", async () => {
    await kms.generateDataKey(key, context, never);
    const gone = await startMotoKms();
    connect(gone.environment);
    await gone.stop();
    await assert.rejects(kms.generateDataKey(key, context, never), (error) => {
      assert.ok(error instanceof KeyServiceError);
      assert.equal(error.fault, "unavailable");
      assert.match(error.message, /connection refused$/);
      return true;
    });
  });
});

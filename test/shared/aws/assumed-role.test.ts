import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, suite, test } from "node:test";
import { inspect } from "node:util";
import { connectKms, type KmsConnection } from "../../../shared/aws/kms-client.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import type { KmsCaller } from "../../../shared/seal/kms-api.ts";
import { type FakeKms, startFakeKms } from "../../support/fake-kms.ts";
import { type ScriptedServer, type Seen, startScriptedServer } from "../kube/scripted-server.ts";
import { useAwsEnvironment } from "./aws-environment.ts";

const never = new AbortController().signal;
const role = "arn:aws:iam::210987654321:role/sops";

const assumed = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials><AccessKeyId>AKIAROLE</AccessKeyId><SecretAccessKey>canary-of-secret</SecretAccessKey><SessionToken>canary-of-session</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials><AssumedRoleUser><Arn>arn:aws:sts::210987654321:assumed-role/sops/s</Arn><AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>`;
const denied =
  "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>canary-of-sts</Message></Error></ErrorResponse>";

suite("AWS KMS as somebody else", () => {
  let fake: FakeKms;
  let sts: ScriptedServer;
  let seen: Seen[] = [];
  let stsAnswer: [number, string] = [200, assumed];
  let key: string;
  let folder: string;
  let kms: KmsConnection | null = null;
  let sources: string[] = [];
  let warnings: string[] = [];

  before(async () => {
    fake = await startFakeKms();
    key = fake.createKey();
    folder = await mkdtemp(join(tmpdir(), "signet-aws-"));
    sts = await startScriptedServer((response, request) => {
      seen.push(request);
      response.writeHead(stsAnswer[0], { "content-type": "text/xml" }).end(stsAnswer[1]);
    });
    await writeFile(
      join(folder, "config"),
      "[profile prod]\naws_access_key_id = AKIAPROD\naws_secret_access_key = canary-of-prod\n",
    );
  });
  beforeEach(() => {
    [seen, sources, warnings] = [[], [], []];
    stsAnswer = [200, assumed];
  });
  afterEach(() => kms?.close());
  after(async () => {
    await fake.close();
    await sts.close();
    await rm(folder, { recursive: true });
  });

  const connect = (caller: Partial<KmsCaller>) => {
    const aws = { AWS_ENDPOINT_URL_STS: sts.url, AWS_CONFIG_FILE: join(folder, "config") };
    useAwsEnvironment({ ...fake.environment, ...aws });
    kms = connectKms({
      version: "1.2.3",
      caller: { profile: "", role: "", ...caller },
      onCredentials: (source) => sources.push(source),
      onWarning: (message) => warnings.push(message),
    });
    return kms;
  };
  const failure = async (call: Promise<unknown>): Promise<KeyServiceError> => {
    const error = await call.then(
      () => assert.fail("it did not fail"),
      (one: unknown) => one,
    );
    assert.ok(error instanceof KeyServiceError, inspect(error));
    assert.equal(error.fault, "credentials");
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /canary|AKIA/);
    return error;
  };
  const signer = ({ headers }: Seen) => /Credential=(\w+)\//.exec(headers.authorization ?? "")?.[1];

  test("a role is taken on once, with our own credentials and a session name that tells who we are", async () => {
    const client = connect({ role });
    await client.encrypt(key, new Uint8Array(32), {}, never);
    await client.encrypt(key, new Uint8Array(32), {}, never);
    assert.deepEqual(sources, ["assumed role"]);
    assert.equal(seen.length, 1);
    const form = new URLSearchParams(seen[0]?.body ?? "");
    assert.equal(form.get("Action"), "AssumeRole");
    assert.equal(form.get("RoleArn"), role);
    assert.match(form.get("RoleSessionName") ?? "", /^signet@[\w+=,.@-]{1,57}$/);
    assert.equal(seen[0] === undefined ? "" : signer(seen[0]), "AKIATEST");
  });

  test("a profile is used, though keys stand in the environment, and goes before a role", async (t) => {
    const said = t.mock.method(console, "warn", () => undefined);
    await connect({ profile: "prod" }).encrypt(key, new Uint8Array(32), {}, never);
    assert.deepEqual([sources, seen.length], [["shared config"], 0]);
    await connect({ profile: "prod", role }).encrypt(key, new Uint8Array(32), {}, never);
    assert.equal(seen[0] === undefined ? "" : signer(seen[0]), "AKIAPROD");
    assert.deepEqual([warnings, said.mock.callCount()], [[], 0]);
  });

  test("a profile that is not there is told, and no other credentials stand in for it", async () => {
    const calls = fake.calls.length;
    for (const more of [{}, { role }]) {
      // A token file would be the next source of the chain.
      const alone = await failure(
        connect({ profile: "gone", ...more }).encrypt(key, new Uint8Array(32), {}, never),
      );
      assert.match(alone.message, /from the profile gone: it has none, or is not there/);
      const client = connect({ profile: "gone", ...more });
      await writeFile(join(folder, "token"), "canary-of-token");
      process.env["AWS_WEB_IDENTITY_TOKEN_FILE"] = join(folder, "token");
      process.env["AWS_ROLE_ARN"] = role;
      stsAnswer = [200, assumed.replaceAll("AssumeRole", "AssumeRoleWithWebIdentity")];
      const error = await failure(client.encrypt(key, new Uint8Array(32), {}, never));
      assert.match(error.message, /from the profile gone: it has none, or is not there/);
    }
    assert.equal(fake.calls.length, calls);
  });

  test("a role that is refused, and an answer that is none, are told", async () => {
    stsAnswer = [403, denied];
    const error = await failure(connect({ role }).encrypt(key, new Uint8Array(32), {}, never));
    assert.match(
      error.message,
      /from the role arn:aws:iam::210987654321:role\/sops: STS does not let us take it on/,
    );
    assert.match(error.hint, /sts:AssumeRole to us/);
    stsAnswer = [200, assumed.replace(/<Credentials>.*<\/Credentials>/, "")];
    await failure(connect({ role }).encrypt(key, new Uint8Array(32), {}, never));
    assert.equal(fake.calls.filter(({ operation }) => operation === "Encrypt").length, 4);
  });
});

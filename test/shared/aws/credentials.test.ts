import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, suite, test } from "node:test";
import { inspect } from "node:util";
import { type CredentialsSource, passedOver, sourceOf } from "../../../shared/aws/credentials-source.ts";
import { connectKms, type KmsConnection, type KmsOptions } from "../../../shared/aws/kms-client.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { type FakeKms, kmsRefusal, startFakeKms } from "../../support/fake-kms.ts";
import { answer, type ScriptedServer, type Seen, startScriptedServer } from "../kube/scripted-server.ts";
import { useAwsEnvironment } from "./aws-environment.ts";

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;

/** Credentials number `count`, good for an hour. */
function issued(count: number) {
  return {
    AccessKeyId: `AKIAISSUED${count}`,
    SecretAccessKey: "canary-of-secret",
    Token: `canary-of-session-${count}`,
    Expiration: new Date(Date.now() + HOUR_MS).toISOString(),
  };
}

/** STS' answer to AssumeRoleWithWebIdentity. */
function stsAnswer({ Token, ...others }: ReturnType<typeof issued>): string {
  const fields = Object.entries({ ...others, SessionToken: Token }).map(
    ([name, value]) => `<${name}>${value}</${name}>`,
  );
  return `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>${fields.join("")}</Credentials><AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/app/s</Arn><AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;
}

function stsError(code: string): string {
  return `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>canary-of-sts</Message></Error></ErrorResponse>`;
}

suite("credentials for AWS", () => {
  let fake: FakeKms;
  let key: string;
  let folder: string;
  let tokenFile: string;
  let kms: KmsConnection | null = null;
  let sources: CredentialsSource[] = [];
  let warnings: string[] = [];
  let issuer: ScriptedServer | null = null;
  let withoutKeys: Record<string, string>;

  before(async () => {
    fake = await startFakeKms();
    key = fake.createKey();
    folder = await mkdtemp(join(tmpdir(), "signet-aws-"));
    tokenFile = join(folder, "token");
    const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...others } = fake.environment;
    withoutKeys = others;
  });
  beforeEach(async () => {
    await writeFile(tokenFile, "canary-of-token");
    [sources, warnings] = [[], []];
    fake.heal();
  });
  afterEach(async () => {
    kms?.close();
    await issuer?.close();
    issuer = null;
  });
  after(async () => {
    await fake.close();
    await rm(folder, { recursive: true });
  });

  const connect = (environment: Readonly<Record<string, string>>, options: Partial<KmsOptions> = {}) => {
    useAwsEnvironment(environment);
    const connected = connectKms({
      version: "1.2.3",
      onCredentials: (source) => sources.push(source),
      onWarning: (message) => warnings.push(message),
      ...options,
    });
    kms = connected;
    return connected;
  };
  const serve = async (handler: (seen: Seen, count: number) => [number, unknown]) => {
    let count = 0;
    issuer = await startScriptedServer((response, seen) => {
      count += 1;
      const [status, body] = handler(seen, count);
      if (typeof body === "string") response.writeHead(status, { "content-type": "text/xml" }).end(body);
      else answer(response, status, body);
    });
    return issuer;
  };
  const irsa = (url: string) => ({
    ...withoutKeys,
    AWS_ENDPOINT_URL_STS: url,
    AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/app",
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
  });
  const podIdentity = (url: string) => ({
    ...withoutKeys,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${url}/v1/credentials`,
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
  });
  const failure = async (call: Promise<unknown>): Promise<KeyServiceError> => {
    const error = await call.then(
      () => assert.fail("it did not fail"),
      (one: unknown) => one,
    );
    assert.ok(error instanceof KeyServiceError, inspect(error));
    assert.equal(error.fault, "credentials");
    assert.match(error.message, /^no credentials for AWS KMS in eu-central-1: /);
    assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /canary|AKIA/);
    return error;
  };

  test("keys of the environment are used, and told once", async () => {
    const client = connect(fake.environment);
    await client.generateDataKey(key, {}, never);
    await client.generateDataKey(key, {}, never);
    assert.deepEqual(sources, ["environment"]);
    assert.deepEqual(warnings, []);
  });

  test("keys of the environment beat a web identity, which is said", async () => {
    const client = connect({ ...irsa("http://127.0.0.1:1"), ...fake.environment });
    await client.generateDataKey(key, {}, never);
    assert.deepEqual(sources, ["environment"]);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /AWS_ACCESS_KEY_ID .* is used, .*IRSA.* is not/);
    assert.doesNotMatch(warnings[0] ?? "", /AKIA|role\/app/);
  });

  test("a profile, a process: the shared configuration is told, and the SDK says nothing by itself", async (t) => {
    const said = t.mock.method(console, "warn", () => undefined);
    const config = join(folder, "config");
    const program = join(folder, "issue");
    await writeFile(program, JSON.stringify({ Version: 1, ...issued(1) }));
    await writeFile(
      config,
      `[profile keys]\naws_access_key_id=AKIAFILE\naws_secret_access_key=s\n[profile run]\ncredential_process=cat ${program}\n`,
    );
    const file = { AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: "/dev/null" };
    await connect({ ...withoutKeys, ...file, AWS_PROFILE: "keys" }).generateDataKey(key, {}, never);
    await connect({ ...withoutKeys, ...file, AWS_PROFILE: "run" }).generateDataKey(key, {}, never);
    assert.deepEqual(sources, ["shared config", "shared config"]);
    assert.deepEqual(warnings, []);
    await connect({ ...fake.environment, ...file, AWS_PROFILE: "keys" }).generateDataKey(key, {}, never);
    assert.deepEqual(warnings, ["AWS_PROFILE is set, so AWS_ACCESS_KEY_ID of the environment is not used"]);
    assert.equal(said.mock.callCount(), 0);
  });

  test("a web identity (IRSA): the token goes to STS, and what that gives is used and kept", async () => {
    const sts = await serve((_, count) => [200, stsAnswer(issued(count))]);
    const client = connect(irsa(sts.url));
    const [one, two] = await Promise.all([
      client.generateDataKey(key, {}, never),
      client.generateDataKey(key, {}, never),
    ]);
    assert.deepEqual([one.key, two.key], [key, key]);
    assert.deepEqual(sources, ["web identity (IRSA)"]);
    assert.equal(sts.seen.length, 1);
    const asked = new URLSearchParams(sts.seen[0]?.body);
    assert.equal(asked.get("Action"), "AssumeRoleWithWebIdentity");
    assert.equal(asked.get("WebIdentityToken"), "canary-of-token");
    assert.equal(asked.get("RoleArn"), "arn:aws:iam::123456789012:role/app");
  });

  test("Pod Identity: the agent gets the token of the file, read anew each time", async (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
    const agent = await serve((_, count) => [200, issued(count)]);
    const client = connect(podIdentity(agent.url));
    await client.generateDataKey(key, {}, never);
    await writeFile(tokenFile, "canary-of-next-token");
    t.mock.timers.tick(HOUR_MS + 1000);
    await client.generateDataKey(key, {}, never);
    await client.generateDataKey(key, {}, never);
    assert.deepEqual(sources, ["container (Pod Identity, ECS)"]);
    // The last ones ran out, so others were got; those are kept.
    assert.deepEqual(
      agent.seen.map(({ method, url, headers }) => `${method} ${url} ${headers.authorization}`),
      ["GET /v1/credentials canary-of-token", "GET /v1/credentials canary-of-next-token"],
    );
  });

  test("instance metadata is told", async () => {
    const metadata = await serve(({ method, url }) => {
      if (method === "PUT") return [200, "token"];
      return url.endsWith("/security-credentials/") ? [200, "app"] : [200, { Code: "Success", ...issued(1) }];
    });
    const { AWS_EC2_METADATA_DISABLED: _, ...others } = withoutKeys;
    const client = connect({ ...others, AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata.url });
    process.env["AWS_EC2_METADATA_DISABLED"] = "false";
    await client.generateDataKey(key, {}, never);
    assert.deepEqual(sources, ["instance metadata"]);
  });

  test("credentials that KMS refuses are got anew at once, and the call made with the new ones", async () => {
    const agent = await serve((_, count) => [200, issued(count)]);
    const client = connect(podIdentity(agent.url));
    await client.generateDataKey(key, {}, never);
    fake.inject(kmsRefusal("ExpiredTokenException"), { times: 1 });
    const before = fake.calls.length;
    assert.equal((await client.generateDataKey(key, {}, never)).key, key);
    assert.equal(fake.calls.length - before, 2);
    assert.equal(agent.seen.length, 2);
    fake.inject(kmsRefusal("UnrecognizedClientException"));
    await assert.rejects(client.generateDataKey(key, {}, never), /does not take our credentials$/);
    assert.equal(agent.seen.length, 3);
  });

  for (const [code, cause, hint] of [
    ["AccessDenied", /STS does not let us take on the role$/, /trust policy .*sub.*aud/],
    ["InvalidIdentityToken", /STS does not take the web identity token$/, /OIDC provider/],
    ["ExpiredTokenException", /the token to get credentials with has expired$/, /clock/],
    ["SomethingElse", /no source of them has any that can be used$/, /IRSA.*Pod Identity/],
  ] as const)
    test(`STS says ${code}`, async () => {
      const sts = await serve(() => [403, stsError(code)]);
      const error = await failure(connect(irsa(sts.url)).generateDataKey(key, {}, never));
      assert.match(error.message, cause);
      assert.match(error.hint, hint);
      assert.deepEqual(sources, []);
    });

  test("what is missing on the way to credentials is said", async () => {
    const nobody = await failure(connect(irsa("http://127.0.0.1:1")).generateDataKey(key, {}, never));
    assert.match(nobody.message, /STS was not reached: connection refused$/);
    assert.match(nobody.hint, /AWS_ENDPOINT_URL_STS/);
    const noFile = {
      ...irsa("http://127.0.0.1:1"),
      AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, "canary-none"),
    };
    const missing = await failure(connect(noFile).generateDataKey(key, {}, never));
    assert.match(missing.message, /a file that the environment names for them is missing$/);
    const none = await failure(connect(withoutKeys).generateDataKey(key, {}, never));
    assert.match(none.message, /no source of them has any that can be used$/);
  });

  test("credentials that do not come hold up nobody for ever", async () => {
    issuer = await startScriptedServer(() => undefined);
    const client = connect(irsa(issuer.url), { requestTimeoutMs: 50 });
    const slow = await failure(client.generateDataKey(key, {}, never));
    assert.match(slow.message, /STS was not reached: no answer within 0\.05 s$|did not come within 0\.15 s$/);
    const reason = new Error("stopped");
    const stop = new AbortController();
    const patient = connect(irsa(issuer.url));
    const running = patient.generateDataKey(key, {}, stop.signal);
    setTimeout(() => stop.abort(reason), 20);
    await assert.rejects(running, reason);
  });
});

suite("names of where credentials come from", () => {
  for (const [marks, source] of [
    [["CREDENTIALS_ENV_VARS"], "environment"],
    [["CREDENTIALS_PROFILE"], "shared config"],
    [["CREDENTIALS_PROFILE_SSO", "CREDENTIALS_SSO"], "shared config"],
    [["CREDENTIALS_STS_ASSUME_ROLE_WEB_ID", "CREDENTIALS_PROFILE_STS_WEB_ID_TOKEN"], "shared config"],
    [["CREDENTIALS_SSO_LEGACY"], "SSO"],
    [["CREDENTIALS_PROCESS"], "process"],
    [["CREDENTIALS_LOGIN"], "login session"],
    [["RESOLVED_ACCOUNT_ID", "CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN"], "web identity (IRSA)"],
    [["CREDENTIALS_STS_ASSUME_ROLE_WEB_ID"], "web identity (IRSA)"],
    [["CREDENTIALS_HTTP"], "container (Pod Identity, ECS)"],
    [[], "instance metadata"],
  ] as const)
    test(`${marks.join(" and ") || "no mark"}: ${source}`, () =>
      assert.equal(sourceOf({ $source: Object.fromEntries(marks.map((mark) => [mark, "x"])) }), source));

  test("what is passed over is told only where it is", () => {
    const keys = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    const irsa = { AWS_WEB_IDENTITY_TOKEN_FILE: "f" };
    for (const name of ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"])
      assert.match(passedOver("environment", { ...keys, [name]: "u" }) ?? "", /container.* is not/);
    assert.match(passedOver("environment", { ...keys, ...irsa }) ?? "", /web identity.* is not/);
    assert.equal(passedOver("environment", { ...keys, AWS_WEB_IDENTITY_TOKEN_FILE: "" }), null);
    assert.equal(passedOver("web identity (IRSA)", { ...irsa, AWS_ACCESS_KEY_ID: "a" }), null);
    assert.equal(passedOver("shared config", {}), null);
  });
});

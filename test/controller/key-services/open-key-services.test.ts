import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openKeyServices } from "../../../controller/key-services/open-key-services.ts";
import { openLog } from "../../../controller/log.ts";
import { createMetrics } from "../../../controller/metrics.ts";
import { readControllerOptions } from "../../../controller/options.ts";
import { systemClock } from "../../../controller/runtime/clock.ts";
import { FileError } from "../../../shared/errors.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { startFakeKms } from "../../support/fake-kms.ts";
import { type FakeVaultAnswers, startFakeVault } from "../../support/fake-vault.ts";
import { keyArn } from "../../support/memory-kms.ts";
import { metricsLines } from "../metrics/metrics-lines.ts";

const signal = AbortSignal.timeout(60_000);
const NAME = { mount: "transit", key: "app" };
const VALUE = { ciphertext: "vault:v1:eA==", place: new Uint8Array([1]) };

async function scene(
  context: TestContext,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) {
  const lines: string[] = [];
  const push = (line: string) => void lines.push(line);
  const log = openLog({ level: "DEBUG", format: "text", infoToStdout: true }, { out: push, err: push });
  const metrics = createMetrics({ version: "1", omitNames: false });
  const settings = readControllerOptions(args, {});
  const parts = { clock: systemClock, log, metrics, version: "1", environment };
  const connections = await openKeyServices(settings, parts);
  context.after(() => connections.close());
  return { connections, lines, metrics };
}

async function scratch(context: TestContext, files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "signet-key-services-"));
  context.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** A Vault with one derived key, which takes one JWT; it opens everything as `x`. */
const answers: FakeVaultAnswers = ({ method, path, body, token }) => {
  if (path === "auth/k8s/login") {
    const { role, jwt } = body as { role: string; jwt: string };
    if (role !== "signet" || jwt !== "canary-jwt") return { status: 403, body: { errors: [] } };
    const auth = {
      client_token: "canary-token",
      lease_duration: 3600,
      renewable: true,
      token_type: "service",
    };
    return { status: 200, body: { auth } };
  }
  if (token !== "canary-token" && token !== "canary-file-token") return { status: 403, body: { errors: [] } };
  if (path === "auth/token/revoke-self") return { status: 204, body: null };
  if (method === "GET" && path === "transit/keys/app") {
    const data = {
      type: "aes256-gcm96",
      derived: true,
      latest_version: 1,
      min_decryption_version: 1,
      keys: { 1: 1 },
    };
    return { status: 200, body: { data } };
  }
  if (path === "transit/decrypt/app")
    return { status: 200, body: { data: { batch_results: [{ plaintext: "eA==" }] } } };
  return null;
};

test("Vault by Kubernetes auth: role, mount and the file's JWT; the token is given back at the end, and no line names it", async (context) => {
  const vault = await startFakeVault({ answers });
  context.after(() => vault.close());
  const folder = await scratch(context, { jwt: "canary-jwt\n" });
  const { connections, lines, metrics } = await scene(context, [
    `--vault-addr=${vault.address}`,
    "--vault-namespace=team",
    "--vault-auth-mount=k8s",
    "--vault-role=signet",
    `--vault-jwt-file=${join(folder, "jwt")}`,
  ]);
  assert.equal(vault.count(), 0, "nobody asked yet");
  const transit = await connections.transit();
  const opened = await transit.decrypt(NAME, "context", [VALUE], signal);
  assert.deepEqual(opened, [{ plaintext: new Uint8Array([120]) }]);
  assert.ok(vault.calls.every(({ namespace }) => namespace === "team"));
  assert.ok(
    (await metricsLines(metrics, "signet_key_service_requests_total")).includes(
      'signet_key_service_requests_total{service="vault",operation="decrypt",outcome="ok"} 1',
    ),
  );
  await connections.close();
  assert.equal(vault.count("auth/token/revoke-self"), 1);
  const told = lines.find((line) => line.includes("logged-in")) ?? assert.fail(lines.join(""));
  assert.match(
    told,
    /"Token for Vault" event=logged-in method=kubernetes mount=auth\/k8s role=signet address=/,
  );
  assert.ok(told.includes(vault.address));
  assert.doesNotMatch(lines.join(""), /canary/);
});

test("a login that Vault refuses is told with role, mount and address, and what to look at", async (context) => {
  const vault = await startFakeVault({ answers });
  context.after(() => vault.close());
  const folder = await scratch(context, { jwt: "canary-jwt\n" });
  const { connections, lines } = await scene(context, [
    `--vault-addr=${vault.address}`,
    "--vault-auth-mount=k8s",
    "--vault-role=another",
    `--vault-jwt-file=${join(folder, "jwt")}`,
  ]);
  const transit = await connections.transit();
  await assert.rejects(transit.describeKey(NAME, signal), KeyServiceError);
  const line = lines.find((one) => one.includes("login-failed")) ?? assert.fail(lines.join(""));
  assert.ok(
    line.includes(`the login as role another at auth/k8s in Vault at ${vault.address} is refused`),
    line,
  );
  assert.match(line, /event=login-failed method=kubernetes mount=auth\/k8s role=another address=/);
  assert.match(line, /hint=.*auth method is mounted there/);
  assert.doesNotMatch(line, /canary/);
});

test("Vault by a token in a file, which somebody else keeps and nobody gives back", async (context) => {
  const vault = await startFakeVault({ answers });
  context.after(() => vault.close());
  const folder = await scratch(context, { token: "canary-file-token\n" });
  const { connections, lines } = await scene(context, [
    `--vault-addr=${vault.address}`,
    "--vault-auth-method=token-file",
    `--vault-token-file=${join(folder, "token")}`,
  ]);
  const transit = await connections.transit();
  assert.equal((await transit.describeKey(NAME, signal)).binding, "context");
  const told = lines.filter((line) => line.includes("Token for Vault"));
  assert.equal(told.length, 1);
  assert.ok(told[0]?.includes(`method=token-file file=${join(folder, "token")} address=`), told[0]);
  assert.doesNotMatch(lines.join(""), /canary/);
  await connections.close();
  assert.equal(vault.count("auth/"), 0);
});

test("a JWT that cannot be read is a fault of our credentials, which passes, and names the option", async (context) => {
  const vault = await startFakeVault({ answers });
  context.after(() => vault.close());
  const args = [`--vault-addr=${vault.address}`, "--vault-role=signet", "--vault-jwt-file=/nowhere/canary"];
  const { connections } = await scene(context, args);
  const transit = await connections.transit();
  await assert.rejects(transit.describeKey(NAME, signal), (error: unknown) => {
    assert.ok(error instanceof KeyServiceError);
    assert.equal(error.fault, "credentials");
    assert.match(error.message, /--vault-jwt-file/);
    return true;
  });
});

test("without an address there is no way to Vault", async (context) => {
  const { connections } = await scene(context, []);
  for (const way of [connections.transit(), connections.vault()])
    await assert.rejects(
      way,
      (error: unknown) => error instanceof KeyServiceError && /--vault-addr/.test(error.hint),
    );
});

test("AWS KMS with the environment's credentials: the log says which kind, once, and the calls are counted", async (context) => {
  const fake = await startFakeKms();
  context.after(() => fake.close());
  const { connections, lines, metrics } = await scene(context, [], fake.environment);
  // The SDK reads the process's own environment.
  const before = { ...process.env };
  Object.assign(process.env, fake.environment);
  context.after(() => {
    for (const name of Object.keys(fake.environment)) delete process.env[name];
    Object.assign(process.env, before);
  });
  const kms = await connections.kms();
  const key = fake.createKey();
  const wrapped = await kms.generateDataKey(key, { a: "b" }, signal);
  assert.deepEqual(await kms.decrypt(wrapped, { a: "b" }, signal), wrapped.dataKey);
  assert.equal(await kms.decrypt(wrapped, { a: "c" }, signal), null);
  assert.equal(lines.filter((line) => line.includes("Credentials for AWS KMS")).length, 1);
  assert.match(lines.join(""), /source=environment/);
  const counted = await metricsLines(metrics, "signet_key_service_requests_total");
  for (const end of ['operation="generate-data-key",outcome="ok"} 1', 'outcome="not-authentic"} 1'])
    assert.ok(
      counted.some((line) => line.endsWith(end)),
      end,
    );
});

test("an endpoint of AWS without TLS is warned of where it is used", async (context) => {
  const endpoint = "http://kms.example";
  const environment = { HTTP_PROXY: "http://127.0.0.1:1" };
  const { connections, lines } = await scene(context, [], environment);
  const before = { ...process.env };
  const aws = { AWS_ENDPOINT_URL_KMS: endpoint, AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "y" };
  Object.assign(process.env, aws);
  context.after(() => {
    for (const name of Object.keys(aws)) delete process.env[name];
    Object.assign(process.env, before);
  });
  const kms = await connections.kms();
  const told = () => lines.filter((line) => line.includes("can be read on its way"));
  assert.deepEqual(told(), []);
  for (let calls = 0; calls < 2; calls++)
    await assert.rejects(kms.generateDataKey(keyArn("app"), {}, signal), { fault: "unavailable" });
  assert.equal(told().length, 1);
  assert.match(told()[0] ?? "", /level=WARN .*AWS.*host=kms\.example hint="use https"/);
});

test("a Vault reached over plain HTTP is warned of at the start, one of this machine is not", async (context) => {
  const warned = async (...args: string[]) => {
    const { lines } = await scene(context, args);
    return lines.some((line) => line.includes("can be read on its way"));
  };
  assert.equal(await warned("--vault-addr=http://vault.example"), true);
  assert.equal(await warned("--vault-addr=http://127.0.0.1:8200"), false);
  assert.equal(await warned("--vault-addr=https://vault.example"), false);
  assert.equal(
    await warned("--vault-addr=http://127.0.0.1", "--vault-redirect-addrs=http://other.example"),
    true,
  );
});

test("a file of authorities that cannot be used is refused at the start, by the option's name", async (context) => {
  const folder = await scratch(context, {
    empty: "",
    key: "-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n",
    broken: "-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n",
  });
  for (const [name, problem] of [
    ["missing", /--vault-ca-file cannot be read/],
    ["empty", /--vault-ca-file does not hold certificates/],
    ["key", /--vault-ca-file does not hold certificates/],
    ["broken", /--vault-ca-file does not hold certificates/],
  ] as const) {
    const args = ["--vault-addr=https://vault.example", `--vault-ca-file=${join(folder, name)}`];
    await assert.rejects(scene(context, args), (error: unknown) => {
      assert.ok(error instanceof FileError);
      assert.match(error.message, problem);
      assert.doesNotMatch(error.message + error.hint, /canary/);
      return true;
    });
  }
});

test("Vault's certificate is judged by that file", async (context) => {
  const vault = await startFakeVault({ answers, tls: true });
  context.after(() => vault.close());
  const folder = await scratch(context, { ca: vault.ca ?? "", token: "canary-file-token" });
  const args = [
    `--vault-addr=${vault.address}`,
    "--vault-auth-method=token-file",
    `--vault-token-file=${join(folder, "token")}`,
  ];
  const trusting = await scene(context, [...args, `--vault-ca-file=${join(folder, "ca")}`]);
  const transit = await trusting.connections.transit();
  assert.equal((await transit.describeKey(NAME, signal)).latestVersion, 1);
  const strict = await scene(context, args);
  await assert.rejects(
    (await strict.connections.transit()).describeKey(NAME, signal),
    (error) => error instanceof KeyServiceError && /with --vault-ca-file \(vault\.ca/.test(error.hint),
  );
});

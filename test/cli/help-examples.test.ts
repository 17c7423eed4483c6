import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { readArguments } from "../../cli/arguments.ts";
import { allow } from "../../cli/commands/allow.ts";
import { audit } from "../../cli/commands/audit.ts";
import { convert } from "../../cli/commands/convert.ts";
import { doctor } from "../../cli/commands/doctor.ts";
import { edit } from "../../cli/commands/edit.ts";
import { explain } from "../../cli/commands/explain.ts";
import { git } from "../../cli/commands/git.ts";
import { guard } from "../../cli/commands/guard.ts";
import { keys } from "../../cli/commands/keys.ts";
import { pin } from "../../cli/commands/pin.ts";
import { render } from "../../cli/commands/render.ts";
import { rotate } from "../../cli/commands/rotate.ts";
import { unseal } from "../../cli/commands/unseal.ts";
import { generalOptions, kubesealOptions, type OptionTable } from "../../cli/options.ts";
import { toYaml } from "../../shared/document/to-yaml.ts";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { compileCache } from "../runner/compile-cache.ts";
import { cliProgram } from "../support/built-programs.ts";
import { type CommandExample, documentExamples, helpExamples } from "../support/command-examples.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { type FakeKms, startFakeKms } from "../support/fake-kms.ts";
import { type FakeVault, startFakeVault } from "../support/fake-vault.ts";
import { testSealer } from "../support/in-process-sealing.ts";
import { CLUSTER } from "../support/key-service-world.ts";
import { runProgram } from "../support/run-program.ts";
import { newAgeIdentity } from "../support/sops-keys.ts";
import { type StubApiServer, type StubRoute, startStubApiServer } from "../support/stub-api-server.ts";
import { testCertificate } from "../support/test-certificates.ts";
import { transitAnswers } from "../support/transit-answers.ts";

/**
 * What cannot run in a folder of prepared files, and why. Its flags must still be known. A row whose command no page
 * shows any more fails.
 */
const CANNOT_RUN: ReadonlyMap<string, string> = new Map([
  ["signet --accept-certificate SHA256:… < secret.yaml", "the fingerprint is left for the reader to fill in"],
  [
    "signet audit --compromised SHA256:… --history --private-key keys.yaml sealed",
    "the fingerprint is left for the reader to fill in, and it needs a repository",
  ],
  ...[
    "signet pin",
    "signet pin accept",
    "signet pin accept prod",
    "signet pin update prod",
    "signet pin update --cert new.pem prod",
    "signet --output-dir 'sealed/{cluster}' apps",
    "signet --for-cluster prod,staging -w 'db.{cluster}.yaml' < secret.yaml",
  ].map((command) => [command, "it needs a project file"] as const),
  ...[
    "signet guard --staged",
    "signet guard --range main..HEAD",
    "signet guard --range origin/main..HEAD",
    'signet guard --range "$old..$new" --base "$new" || exit 1',
    'signet guard --range "$old..$new" "$@" || exit 1',
    "signet git setup --write '*.sealed.yaml'",
  ].map((command) => [command, "it needs a repository"] as const),
  ...["signet doctor", "signet doctor -o json"].map(
    (command) => [command, "it needs an installation"] as const,
  ),
  ...[
    "signet keys list",
    "signet keys list --open --in apps",
    "signet keys new --dry-run",
    "signet keys retire --dry-run --in apps sealed-secrets-key7xk2p",
    "signet keys retire --compromised sealed-secrets-key7xk2p",
    "signet rotate --open sealed/",
    "signet keys backup --age age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p -w sealing-keys.yaml",
    "signet keys backup --confirm sealing-keys.yaml",
    "signet keys restore sealing-keys.yaml",
    "signet keys show sealed-secrets-key7xk2p",
    "signet keys show --open sealed-secrets-key7xk2p",
    "signet keys promote SHA256:yxS7vDs1",
    "signet keys new",
    "signet keys promote sealed-secrets-key7xk2p",
    "signet keys retire --in apps sealed-secrets-key7xk2p",
    "signet keys wrap --dry-run --all --with vault:transit/sealing-keys",
    "signet keys wrap --all --with vault:transit/sealing-keys",
    "signet keys wrap --with vault:transit/sealing-keys sealed-secrets-key7xk2p",
    "signet keys unwrap --all",
  ].map((command) => [command, "it needs sealing keys in a cluster, and a key service"] as const),
  ...[
    "signet edit --cert cert.pem --private-key key.pem db-sealed.yaml",
    "EDITOR=nano signet edit --cert cert.pem db-sealed.yaml",
  ].map((command) => [command, "it needs a terminal and an editor"] as const),
]);

const TABLES: Readonly<Record<string, OptionTable>> = {
  edit: edit.options,
  unseal: unseal.options,
  render: render.options,
  convert: convert.options,
  git: git.options,
  allow: allow.options,
  audit: audit.options,
  explain: explain.options,
  guard: guard.options,
  keys: keys.options,
  doctor: doctor.options,
  pin: pin.options,
  rotate: rotate.options,
  completion: generalOptions,
};

const { certificatePem, privateKeyPem } = testCertificate();
// Guides are run line by line, on a real API server: interop/guides.test.ts.
const shown = documentExamples().filter(({ from }) => !/^docs\/guide-/.test(from));
const examples = [...(await helpExamples()), ...shown];
const commands = [...new Map(examples.map((example) => [example.command, example])).values()];

let prepared = "";
let server: StubApiServer | undefined;
let kms: FakeKms | undefined;
let vault: FakeVault | undefined;
let age: Awaited<ReturnType<typeof newAgeIdentity>> | undefined;

before(async () => {
  prepared = mkdtempSync(join(tmpdir(), "signet-examples-"));
  const sealer = await testSealer(certificatePem);
  const db = await sealer.object({ name: "db", namespace: "shop", items: { password: "hunter2" } });
  server = await startStubApiServer(routes(db));
  await prepare(prepared, server.url, db);
  [kms, vault] = await Promise.all([startFakeKms(), startFakeVault({ answers: transitAnswers })]);
  for (const name of ["alias/signet", "alias/signet-next"]) kms.setAlias(name, kms.createKey());
  age = await newAgeIdentity();
  writeFileSync(join(prepared, ".sops.yaml"), `creation_rules: [{age: ${age.recipient}}]\n`);
  await prepareKeyServices(prepared, vault.address);
});
after(async () => {
  await Promise.all([server?.close(), kms?.close(), vault?.close()]);
  rmSync(prepared, { recursive: true, force: true });
});

suite("every command line that help and documents show", { concurrency: 2 }, () => {
  for (const { from, command } of commands.filter((example) => !CANNOT_RUN.has(example.command))) {
    test(`${from}: ${command}`, () => runExample(command));
  }

  for (const [command, reason] of CANNOT_RUN) {
    test(`has known flags where it cannot run (${reason}): ${command}`, () => {
      assert.ok(
        commands.some((example: CommandExample) => example.command === command),
        "no page shows it",
      );
      const words = /signet ([^<>|]*)/.exec(command)?.[1]?.trim().split(/ +/) ?? [];
      const table = TABLES[words[0] ?? ""];
      readArguments(table ?? kubesealOptions, table === undefined ? words : words.slice(1), {});
    });
  }

  test("there are examples on every page of help", async () => {
    const pages = new Set((await helpExamples()).map(({ from }) => from));
    for (const name of [
      "seal",
      "raw",
      "merge-into",
      "validate",
      "re-encrypt",
      "recovery-unseal",
      "fetch-cert",
    ])
      assert.ok(pages.has(`cli/help/pages/${name}.ts`), name);
    assert.ok(documentExamples().length > 0);
  });
});

async function runExample(command: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "signet-example-"));
  try {
    cpSync(prepared, folder, { recursive: true, verbatimSymlinks: true });
    const { code, stderr } = await runIn(folder, command);
    assert.deepEqual(
      { code, error: /^error:.*$/m.exec(stderr)?.[0] ?? null },
      { code: 0, error: null },
      stderr,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runIn(folder: string, command: string) {
  const env = {
    PATH: `${folder}/bin:${process.env["PATH"]}`,
    ...compileCache,
    HOME: folder,
    KUBECONFIG: `${folder}/kubeconfig`,
    CLUSTER_ID: CLUSTER,
    RECIPIENT: age?.recipient,
    SOPS_AGE_KEY: age?.text,
    ...kms?.environment,
    VAULT_ADDR: vault?.address,
    VAULT_TOKEN: "s.example",
  };
  return runProgram("bash", ["-c", `set -euo pipefail\n${command}`], { cwd: folder, env, stdin: "" });
}

/** Values of key services, and leave to open them. */
async function prepareKeyServices(folder: string, address: string): Promise<void> {
  const allowed = [
    { service: "kms", pattern: "arn:aws:kms:eu-central-1:123456789012:key/*" },
    { service: "kms", pattern: "arn:aws:kms:eu-central-1:123456789012:key/example" },
    { service: "vault", pattern: "transit/signet", address, namespace: "" },
  ];
  mkdirSync(join(folder, ".config/signet"), { recursive: true });
  writeFileSync(join(folder, ".config/signet/allowed-keys.json"), JSON.stringify({ allowed }));
  mkdirSync(join(folder, "kms"));
  mkdirSync(join(folder, "vault"));
  mkdirSync(join(folder, "sops"));
  const place = "--cluster-id $CLUSTER_ID -n shop";
  for (const command of [
    `signet --kms-key alias/signet ${place} -f secret.yaml -w kms/db.yaml`,
    `signet --vault-key transit/signet ${place} -f secret.yaml -w vault/db.yaml`,
    `signet --age $RECIPIENT ${place} -f secret.yaml -w sops/db.yaml`,
    `printf %s hunter2 | signet --raw --vault-key transit/signet ${place} --name db --item password -w vault.txt`,
  ]) {
    const { code, stderr } = await runIn(folder, command);
    assert.equal(code, 0, stderr);
  }
}

function secret(name: string, namespace = ""): string {
  return `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n${namespace}stringData:\n  password: hunter2\n`;
}

/** Files under the names that the examples use; `db` of namespace `shop` is what they are about. */
async function prepare(folder: string, url: string, db: KubeObject): Promise<void> {
  const sealer = await testSealer(certificatePem);
  const sealed = async (name: string, namespace: string, scope: "strict" | "cluster-wide" = "strict") =>
    `${JSON.stringify(await sealer.object({ name, namespace, scope, items: { password: "hunter2" } }), null, 2)}\n`;
  const context = (name: string) => `{name: ${name}, context: {cluster: stub, user: stub, namespace: shop}}`;
  const key = Buffer.from(privateKeyPem).toString("base64");
  const keys = `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: key, labels: {sealedsecrets.bitnami.com/sealed-secrets-key: active}}\n  type: kubernetes.io/tls\n  data: {tls.key: ${key}, tls.crt: ${Buffer.from(certificatePem).toString("base64")}}\n`;
  const files: Readonly<Record<string, string>> = {
    kubeconfig: `apiVersion: v1\nkind: Config\ncurrent-context: stub\nclusters: [{name: stub, cluster: {server: "${url}"}}]\nusers: [{name: stub, user: {}}]\ncontexts: [${context("stub")}, ${context("staging")}]\n`,
    "cert.pem": certificatePem,
    "key.pem": privateKeyPem,
    "keys.yaml": keys,
    "keys/key.yaml": keys,
    "secret.yaml": secret("db"),
    "manifests/db.yaml": secret("db", "  namespace: shop\n"),
    "manifests/web.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n",
    "manifests/cache.yaml": await sealed("cache", "shop"),
    "sealed.yaml": `${JSON.stringify(db, null, 2)}\n`,
    "sealed.json": await sealed("db", "shop"),
    "db-sealed.yaml": toYaml(
      await sealer.object({
        name: "db",
        namespace: "shop",
        items: { password: "hunter2", "old-password": "hunter1" },
      }),
    ),
    "wide.yaml": await sealed("db", "shop", "cluster-wide"),
    "sealed/db.yaml": toYaml(
      await sealer.object({
        name: "db",
        namespace: "shop",
        items: { password: "hunter2" },
        // What policies on the age of keys go by, where nothing is opened.
        annotations: { "signet.dev/sealing-key": readCertificate(certificatePem).fingerprint },
      }),
    ),
    // A bare value, by the two names that examples give it.
    "value.txt": await sealer.value("hunter2", { kind: "strict", namespace: "team-a", name: "db" }),
    value: await sealer.value("hunter2", { kind: "strict", namespace: "team-a", name: "db" }),
    "password.txt": "hunter2",
    "user.txt": "me",
    "bin/kubectl": `#!/bin/sh
case "$*" in
  "create secret generic "*) cat "$HOME/secret.yaml" ;;
  "signet "*) shift; exec signet "$@" ;;
  "apply "*) cat > /dev/null ;;
  *" get secret "*) cat "$HOME/keys.yaml" ;;
esac
`,
    "overlays/prod/kustomization.yaml": "resources: [db.yaml]\n",
    "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "bin/kustomize": '#!/bin/sh\ncat "$HOME/sealed.yaml"\n',
    "bin/helm": '#!/bin/sh\ncat "$HOME/sealed.yaml"\n',
    "bin/kapp": '#!/bin/sh\nexec grep -q "^kind: Secret" "$6"\n',
    "bin/signet": `#!/bin/sh\nexec "${process.execPath}" "${cliProgram}" "$@"\n`,
  };
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    if (path.startsWith("bin/")) chmodSync(join(folder, path), 0o755);
  }
  symlinkSync("signet", join(folder, "bin/kubeseal"));
}

/** A controller under each name that the examples use, which opens all and seals anew whatever it is sent. */
function routes(db: KubeObject): StubRoute[] {
  const live = {
    ...db,
    metadata: { ...db.metadata, generation: 1 },
    status: { observedGeneration: 1, conditions: [{ type: "Synced", status: "True" }] },
  };
  const sealedAnew = (question: string): string => {
    const object = JSON.parse(question) as { spec: { encryptedData: Record<string, string> } };
    for (const item of Object.keys(object.spec.encryptedData)) {
      // A session key, a value as long as the old one, and its tag.
      const container = Buffer.concat([Buffer.from([1, 0]), randomBytes(256 + "hunter2".length + 16)]);
      object.spec.encryptedData[item] = container.toString("base64");
    }
    return JSON.stringify(object);
  };
  const services = [
    ["kube-system", "sealed-secrets-controller"],
    ["infra", "sealed-secrets"],
  ] as const;
  const kind = "/apis/bitnami.com/v1alpha1";
  const list = { kind: "SealedSecretList", metadata: {}, items: [live] };
  return [
    ...["/namespaces/shop", ""].map((where) => ({
      method: "GET",
      path: `${kind}${where}/sealedsecrets?limit=500`,
      status: 200,
      body: JSON.stringify(list),
    })),
    {
      method: "GET",
      path: `${kind}/namespaces/shop/sealedsecrets?watch=true&fieldSelector=metadata.name%3Ddb&allowWatchBookmarks=true`,
      status: 200,
      body: `${JSON.stringify({ type: "ADDED", object: live })}\n`,
    },
    {
      method: "GET",
      path: "/apis/bitnami.com/v1alpha1/sealedsecrets?limit=500",
      status: 200,
      body: JSON.stringify({ metadata: {}, items: [live] }),
    },
    {
      method: "GET",
      path: "/apis/bitnami.com/v1alpha1/namespaces/shop/sealedsecrets/db",
      status: 200,
      body: JSON.stringify(live),
    },
    {
      method: "GET",
      path: "/api/v1/namespaces/kube-system",
      status: 200,
      body: JSON.stringify({ metadata: { name: "kube-system", uid: CLUSTER } }),
    },
    ...services.flatMap(([namespace, name]) => {
      const path = `/api/v1/namespaces/${namespace}/services`;
      const service = {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name, namespace },
        spec: { ports: [{ name: "http", port: 8080 }] },
      };
      const proxy = `${path}/http:${name}:http/proxy/v1`;
      return [
        { method: "GET", path: `${path}/${name}`, status: 200, body: JSON.stringify(service) },
        { method: "GET", path: `${proxy}/cert.pem`, status: 200, body: certificatePem },
        { method: "POST", path: `${proxy}/verify`, status: 200, body: "" },
        { method: "POST", path: `${proxy}/rotate`, status: 200, body: sealedAnew },
      ];
    }),
  ];
}

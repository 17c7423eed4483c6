import assert from "node:assert/strict";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { utf8 } from "../../shared/bytes.ts";
import { readDocuments } from "../../shared/document/read-documents.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { Canaries, type Evidence } from "../support/canary.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { makeScratchFolder, type ScratchFolder } from "../support/control-plane/scratch-folder.ts";
import { ALLOW_ALL, CLUSTER, SCOPES, secretYaml } from "../support/key-service-world.ts";
import { type MotoKms, startMotoKms } from "../support/moto-kms.ts";
import type { CommandResult } from "../support/run-program.ts";
import { runSignet } from "../support/signet-cli.ts";
import { testCertificate } from "../support/test-certificates.ts";
import {
  configureTransitKey,
  createTransitKey,
  enableTransit,
  rotateTransitKey,
} from "../support/vault-engines.ts";
import { succeed } from "../support/vault-request.ts";
import { startVault, type VaultServer } from "../support/vault-server.ts";

requireNetbox();

const { certificatePem, privateKeyPem } = testCertificate();

suite("the built CLI with AWS KMS, as moto plays it, and a real Vault", () => {
  const canaries = new Canaries();
  const secret = canaries.text("the value");
  const evidence: Evidence[] = [];
  let kms: MotoKms;
  let vault: VaultServer;
  let arn: string;
  let second: string;
  let folder: ScratchFolder;
  let environment: Record<string, string>;

  before(async () => {
    [kms, vault, folder] = await Promise.all([
      startMotoKms(),
      startVault({ tls: true }),
      makeScratchFolder("cli"),
    ]);
    [arn, second] = [await kms.createKey(), await kms.createKey()];
    await kms.setAlias("alias/app", arn);
    await enableTransit(vault);
    await enableTransit(vault, "team/transit");
    await createTransitKey(vault, { name: "derived", derived: true });
    await createTransitKey(vault, { name: "plain" });
    await createTransitKey(vault, { mount: "team/transit", name: "chacha", type: "chacha20-poly1305" });
    await createTransitKey(vault, { name: "signing", type: "ed25519" });
    canaries.guard("the token", vault.rootToken);
    environment = {
      ...kms.environment,
      HOME: folder.path,
      VAULT_ADDR: vault.address,
      VAULT_TOKEN: vault.rootToken,
      VAULT_CACERT: vault.caFile ?? "",
      SEALED_SECRETS_CLUSTER_ID: CLUSTER,
    };
    await write("cert.pem", certificatePem);
    await write("key.pem", privateKeyPem);
  });
  after(async () => {
    await kms?.stop();
    await vault?.stop();
    await folder?.remove();
  });

  const write = (name: string, content: string) => writeFile(join(folder.path, name), content);
  const read = (name: string) => readFile(join(folder.path, name), "utf8");

  async function signet(
    args: readonly string[],
    input: { stdin?: string; env?: Record<string, string> } = {},
  ): Promise<CommandResult> {
    const env = { ...environment, ...input.env };
    const run = await runSignet(args, { ...input, env, from: "dist", cwd: folder.path });
    evidence.push({ where: `standard error of ${args.join(" ")}`, content: run.stderr });
    return run;
  }

  async function succeeds(args: readonly string[], stdin?: string): Promise<string> {
    const run = await signet(args, stdin === undefined ? {} : { stdin });
    assert.deepEqual([run.code, run.stderr.replace(/^(?!error|hint).*\n/gm, "")], [0, ""], args.join(" "));
    return run.stdout;
  }

  async function refuses(args: readonly string[], stdin: string, message: RegExp): Promise<void> {
    const run = await signet(args, { stdin });
    assert.deepEqual([run.code, run.stdout], [1, ""], args.join(" "));
    assert.match(run.stderr, message);
  }

  const valuesOf = (text: string) => objectOf(text).spec.encryptedData;
  const open = async (sealed: string) =>
    (
      objectOf(await succeeds(["unseal", ...ALLOW_ALL], sealed)) as unknown as {
        data: Record<string, string>;
      }
    ).data;
  const plain = () => ({
    password: Buffer.from(secret).toString("base64"),
    user: Buffer.from("me").toString("base64"),
  });

  const keys: readonly [what: string, flags: () => string[], start: () => string][] = [
    ["AWS KMS, by ARN", () => ["--kms-key", arn], () => `kms:1:${arn}:`],
    ["AWS KMS, by alias", () => ["--backend", "kms", "--kms-key", "alias/app"], () => `kms:1:${arn}:`],
    [
      "a derived key of Vault",
      () => ["--vault-key", "transit/derived"],
      () => "vault:1:transit/derived:vault:v1:",
    ],
    ["a plain key of Vault", () => ["--vault-key", "transit/plain"], () => "vault:1:transit/plain:vault:v1:"],
    [
      "a key of another kind and mount",
      () => ["--vault-key", "team/transit/chacha"],
      () => "vault:1:team/transit/chacha:vault:v1:",
    ],
  ];

  for (const [what, flags, start] of keys) {
    for (const scope of /alias|another/.test(what) ? SCOPES.slice(0, 1) : SCOPES) {
      test(`seals under ${what}, ${scope}, and opens it there alone`, async () => {
        const sealed = await succeeds(
          [...flags(), "--scope", scope, "-o", "yaml"],
          secretYaml({ password: secret, user: "me" }),
        );
        for (const value of Object.values(valuesOf(sealed))) assert.ok(value.startsWith(start()));
        assert.deepEqual(await open(sealed), plain());
        await succeeds(["--validate", ...ALLOW_ALL], sealed);
        const elsewhere = /does not open under|no key could decrypt/;
        const unseal = ["unseal", ...ALLOW_ALL];
        const moved = sealed.replaceAll("namespace: shop", "namespace: attic");
        if (scope !== "cluster-wide") await refuses(unseal, moved, elsewhere);
        await refuses([...unseal, "--cluster-id", "another"], sealed, elsewhere);
        await refuses(["--validate", ...ALLOW_ALL, "--cluster-id", "another"], sealed, elsewhere);
        await refuses(unseal, sealed.replace("    user:", "    name:"), elsewhere);
      });
    }
  }

  test("seals bare values for an item, and opens them for that item alone", async () => {
    for (const flags of [
      ["--kms-key", arn],
      ["--vault-key", "transit/derived"],
    ]) {
      const place = ["--raw", "-n", "shop", "--name", "db", "--item", "password"];
      const value = await succeeds([...place, ...flags], secret);
      const unseal = ["unseal", ...ALLOW_ALL, ...place];
      assert.equal(await succeeds(unseal, value), secret);
      await refuses([...unseal.slice(0, -1), "user"], value, /or item/);
    }
  });

  test("keeps classic, KMS and Vault values in one file, and opens all of them", async () => {
    await write(
      "mixed.yaml",
      await succeeds(["--cert", "cert.pem", "-o", "yaml"], secretYaml({ user: "me" })),
    );
    await succeeds(["--merge-into", "mixed.yaml", "--kms-key", arn], secretYaml({ password: secret }));
    await succeeds(
      ["--merge-into", "mixed.yaml", "--vault-key", "transit/derived"],
      secretYaml({ token: secret }),
    );
    const mixed = await read("mixed.yaml");
    const { data } = objectOf(
      await succeeds(["unseal", "--key", "key.pem", ...ALLOW_ALL], mixed),
    ) as unknown as { data: object };
    assert.deepEqual(data, { ...plain(), token: plain().password });
    assert.equal(await succeeds(["unseal", ...ALLOW_ALL, "--item", "token", "mixed.yaml"]), secret);
  });

  test("re-encrypts under Vault's newest version, by rewrapping or anew, and the old version may go", async () => {
    for (const name of ["derived", "plain"]) {
      const sealed = await succeeds(
        ["--vault-key", `transit/${name}`, "-o", "yaml"],
        secretYaml({ password: secret, user: "me" }),
      );
      await rotateTransitKey(vault, { name });
      const renewed = await succeeds(["--re-encrypt", "-o", "yaml", ...ALLOW_ALL], sealed);
      for (const value of Object.values(valuesOf(renewed))) assert.match(value, /:vault:v2:/);
      await configureTransitKey(vault, { name }, { min_decryption_version: 2 });
      assert.deepEqual(await open(renewed), plain());
      await refuses(["unseal", ...ALLOW_ALL], sealed, /min_decryption_version/);
    }
  });

  test("moves values to another key of the same service, in place and with the layout kept", async () => {
    for (const [from, to, start] of [
      [["--kms-key", arn], ["--kms-key", second], `kms:1:${second}:`],
      [
        ["--vault-key", "transit/derived"],
        ["--vault-key", "team/transit/chacha"],
        "vault:1:team/transit/chacha:",
      ],
    ] as const) {
      const sealed = await succeeds([...from, "-o", "yaml"], secretYaml({ password: secret, user: "me" }));
      await write("move.yaml", `# mine\n${sealed}`);
      await succeeds(["--re-encrypt", "--in-place", ...to, ...ALLOW_ALL, "move.yaml"]);
      const moved = await read("move.yaml");
      assert.ok(moved.startsWith("# mine\n"));
      for (const value of Object.values(valuesOf(moved))) assert.ok(value.startsWith(start));
      assert.deepEqual(await open(moved), plain());
    }
  });

  test("widens no scope: only a file whose values open as it says is merged into", async () => {
    for (const flags of [
      ["--kms-key", arn],
      ["--vault-key", "transit/derived"],
    ]) {
      const strict = await succeeds([...flags, "-o", "yaml"], secretYaml({ password: secret }));
      const annotation = 'metadata:\n  annotations: {sealedsecrets.bitnami.com/cluster-wide: "true"}\n';
      await write("wide.yaml", strict.replace("metadata:\n", annotation));
      const merge = ["--merge-into", "wide.yaml", ...flags, ...ALLOW_ALL];
      await refuses(merge, secretYaml({ user: "me" }), /nothing proves that this is meant/);
      const wide = await succeeds(
        [...flags, "--scope", "cluster-wide", "-o", "yaml"],
        secretYaml({ password: secret }),
      );
      await write("wide.yaml", wide);
      await succeeds(merge, secretYaml({ user: "me" }));
      assert.deepEqual(await open(await read("wide.yaml")), plain());
    }
  });

  test("asks nobody about a key that was not allowed; the hint allows it", async () => {
    const counter = await countingServer();
    try {
      const env = { AWS_ENDPOINT_URL_KMS: counter.url, VAULT_ADDR: counter.url };
      const home = join(folder.path, "empty-home");
      await mkdir(home);
      for (const [flags, service] of [
        [["--kms-key", arn], "kms"],
        [["--vault-key", "transit/derived"], "vault"],
      ] as const) {
        const sealed = await succeeds([...flags, "-o", "yaml"], secretYaml({ password: secret, user: "me" }));
        for (const mode of [["unseal"], ["--validate"], ["--re-encrypt"], ["explain"]]) {
          const run = await signet(mode, { stdin: sealed, env: { ...env, HOME: home } });
          assert.equal(run.code, 1);
          assert.match(run.stdout + run.stderr, new RegExp(`signet allow ${service} `));
        }
        const refused = await signet(["unseal"], { stdin: sealed, env: { HOME: home } });
        const command = /signet (allow .*)$/m.exec(refused.stderr)?.[1] ?? "";
        const allowed = await signet(command.split(" "), { env: { HOME: home } });
        assert.deepEqual([allowed.code, allowed.stderr], [0, ""]);
        const opened = await signet(["unseal"], { stdin: sealed, env: { HOME: home } });
        assert.deepEqual([opened.code, opened.stderr], [0, ""]);
      }
      assert.equal(counter.requests(), 0);
      const { mode } = await stat(join(home, ".config/signet/allowed-keys.json"));
      assert.equal(mode & 0o777, 0o600);
    } finally {
      await counter.close();
    }
  });

  test("names what a key service refuses, and quotes nothing of its answers", async () => {
    const stdin = secretYaml({ password: secret });
    const gone = arn.replace(/[^/]+$/, "00000000-0000-0000-0000-000000000000");
    await refuses(["--kms-key", gone], stdin, /^error: .*AWS KMS/);
    await refuses(["--vault-key", "transit/none"], stdin, /^error: .*transit\/none/);
    await refuses(["--vault-key", "transit/signing"], stdin, /^error: .*transit\/signing/);
    const denied = await signet(["--vault-key", "transit/plain"], {
      stdin,
      env: { VAULT_TOKEN: "hvs.nobody" },
    });
    assert.equal(denied.code, 1);
    assert.doesNotMatch(denied.stderr, /nobody/);
    const unknown = await signet(["--vault-key", "transit/plain"], { stdin, env: { VAULT_CACERT: "" } });
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /certificate/);
  });

  test("seals for whoever may encrypt but not decrypt, and opens for whoever may decrypt alone", async () => {
    const policy = (name: string, rules: string) =>
      succeed(vault.request, "PUT", `sys/policies/acl/${name}`, { policy: rules });
    const describe = 'path "transit/keys/derived" { capabilities = ["read"] }\n';
    await policy("sealer", `${describe}path "transit/encrypt/derived" { capabilities = ["update"] }`);
    await policy("opener", `${describe}path "transit/decrypt/derived" { capabilities = ["update"] }`);
    const sealed = await signet(["--vault-key", "transit/derived", "-o", "yaml"], {
      stdin: secretYaml({ password: secret, user: "me" }),
      env: { VAULT_TOKEN: await tokenFor("sealer") },
    });
    assert.deepEqual([sealed.code, sealed.stderr], [0, ""]);
    const asOpener = { VAULT_TOKEN: await tokenFor("opener") };
    const opened = await signet(["unseal", ...ALLOW_ALL], { stdin: sealed.stdout, env: asOpener });
    assert.deepEqual([opened.code, opened.stderr], [0, ""]);
    const not = await signet(["unseal", ...ALLOW_ALL], {
      stdin: sealed.stdout,
      env: { VAULT_TOKEN: await tokenFor("sealer") },
    });
    assert.deepEqual([not.code, not.stdout], [1, ""]);
  });

  async function tokenFor(policy: string): Promise<string> {
    const answer = (await succeed(vault.request, "POST", "auth/token/create", {
      policies: [policy],
      ttl: "10m",
    })) as {
      auth: { client_token: string };
    };
    canaries.guard(`the token of ${policy}`, answer.auth.client_token);
    return answer.auth.client_token;
  }

  suite("where a cluster says what it is", () => {
    let cluster: ControlPlane;
    before(async () => {
      cluster = await startControlPlane();
    });
    after(() => cluster?.stop());

    test("values are for it; who may not ask is told to name it", async () => {
      const admin = { KUBECONFIG: cluster.adminKubeconfig, SEALED_SECRETS_CLUSTER_ID: "" };
      const { body } = await cluster.request("GET", "/api/v1/namespaces/kube-system");
      const { metadata } = body as { metadata: { uid: string } };
      const args = ["--kms-key", arn, "-o", "yaml"];
      const sealed = await signet([...args, "--verbose"], {
        stdin: secretYaml({ password: secret, user: "me" }),
        env: admin,
      });
      assert.equal(sealed.code, 0, sealed.stderr);
      assert.match(sealed.stderr, new RegExp(`for cluster ${metadata.uid}$`, "m"));
      await succeeds(["unseal", ...ALLOW_ALL, "--cluster-id", metadata.uid], sealed.stdout);
      const opened = await signet(["unseal", ...ALLOW_ALL], { stdin: sealed.stdout, env: admin });
      assert.equal(opened.code, 0, opened.stderr);
      const alice = await cluster.kubeconfigFor({ user: "alice" }, "default");
      const denied = await signet(args, {
        stdin: secretYaml({ password: secret }),
        env: { KUBECONFIG: alice, SEALED_SECRETS_CLUSTER_ID: "" },
      });
      assert.equal(denied.code, 1);
      assert.match(denied.stderr, /is not known: .*403.*\nhint: give --cluster-id/);
    });
  });

  test("neither value nor token stood in anything it said", () => canaries.assertSilent(evidence));
});

function objectOf(text: string): SealedSecret {
  const [document] = readDocuments(utf8(text), "output");
  assert.ok(document !== undefined);
  return document.value as SealedSecret;
}

/** A server that counts what arrives, and answers nothing of use. */
async function countingServer(): Promise<{ url: string; requests(): number; close(): Promise<void> }> {
  let count = 0;
  const server: Server = createServer((_, response) => {
    count += 1;
    response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => count,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectKms } from "../../../shared/aws/kms-client.ts";
import { kmsSealer } from "../../../shared/seal/kms-sealer.ts";
import type { Sealer } from "../../../shared/seal/sealer.ts";
import { vaultSealer } from "../../../shared/seal/vault-sealer.ts";
import { connectTransit } from "../../../shared/vault/transit.ts";
import { connectVault } from "../../../shared/vault/vault-client.ts";
import { openVaultSession } from "../../../shared/vault/vault-session.ts";
import type { ControlPlane } from "../../support/control-plane/control-plane.ts";
import { requestServiceAccountToken } from "../../support/control-plane/service-account.ts";
import { startFakeKms } from "../../support/fake-kms.ts";
import { startMotoKms } from "../../support/moto-kms.ts";
import { startServiceRelay } from "../../support/service-relay.ts";
import { controllerName, controllerNamespace } from "../../support/signet-controller.ts";
import { createTransitKey, enableTransit } from "../../support/vault-engines.ts";
import {
  enableKubernetesAuth,
  writeKubernetesRole,
  writePolicy,
} from "../../support/vault-kubernetes-auth.ts";
import { startVault } from "../../support/vault-server.ts";

/** A key service beside a cluster, and what a controller needs to use it. */
export type KeyServiceBackend = {
  /** Flags and environment for the controller that let it open values under these keys. */
  flags: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Keys that the flags allow, as values name them, and one that they do not, which does exist. */
  keys: readonly [string, string];
  forbidden: string;
  /** What an author may write in the place of a key to have another host asked. */
  elsewhere: readonly string[];
  sealer(key: string): Sealer;
  /** Calls of the controller that open, so far. */
  opened(): number;
  /** Any request of the controller, so far. */
  asked(): number;
  forget(): void;
  /** Kinds of outages, each with its end. */
  outages: Readonly<Record<string, { begin(): Promise<void> | void; end(): Promise<void> | void }>>;
  /** What nobody may read: tokens. */
  secrets: Readonly<Record<string, string>>;
  stop(): Promise<void>;
};

/** ARNs by which a client would find another endpoint than that of the key's region. */
function elsewhereThan(arn: string): string[] {
  return ["us-east-1", "eu-central-1.evil.example", "eu-central-1@evil.example", "evil.example/"]
    .map((region) => arn.replace(":eu-central-1:", `:${region}:`))
    .concat(arn.replace("arn:aws:", "arn:aws-evil:"), `https://evil.example/${arn}`);
}

/** Moto as AWS KMS. */
export async function startKmsBackend(): Promise<KeyServiceBackend> {
  const moto = await startMotoKms();
  const relay = await startServiceRelay(moto.url);
  // The SDK of this process seals, and goes past the relay.
  Object.assign(process.env, moto.environment);
  const client = connectKms({ version: "test" });
  const first = await moto.createKey();
  const second = await moto.setAlias("alias/team", await moto.createKey());
  const forbidden = await moto.createKey();
  return {
    flags: [`--kms-allowed-keys=${first},${second}`],
    env: { ...moto.environment, AWS_ENDPOINT_URL_KMS: relay.url },
    keys: [first, second],
    forbidden,
    elsewhere: elsewhereThan(first),
    sealer: (key) => kmsSealer(client, key),
    opened: () => relay.count("Decrypt"),
    asked: () => relay.count(""),
    forget: () => relay.forget(),
    outages: { "its connections are cut": { begin: () => relay.cut(), end: () => relay.mend() } },
    secrets: {},
    async stop() {
      client.close();
      await relay.close();
      await moto.stop();
    },
  };
}

/** A stand-in for AWS KMS in this process, which keeps no one waiting. */
export async function startFakeKmsBackend(): Promise<KeyServiceBackend> {
  const fake = await startFakeKms();
  Object.assign(process.env, fake.environment);
  const client = connectKms({ version: "test" });
  const [first, second, forbidden] = [fake.createKey(), fake.createKey(), fake.createKey()];
  let forgotten = { opened: 0, asked: 0 };
  return {
    flags: [`--kms-allowed-keys=${first},${second}`],
    env: { ...fake.environment },
    keys: [first, second],
    forbidden,
    elsewhere: elsewhereThan(first),
    sealer: (key) => kmsSealer(client, key),
    opened: () => fake.count("Decrypt") - forgotten.opened,
    asked: () => fake.count() - forgotten.asked,
    forget() {
      forgotten = { opened: fake.count("Decrypt"), asked: fake.count() };
    },
    outages: {},
    secrets: {},
    async stop() {
      client.close();
      await fake.close();
    },
  };
}

const AUDIENCE = "vault.example.org";

/** A real Vault, with a derived key and a plain one; the controller logs in with its ServiceAccount. */
export async function startVaultBackend(cluster: ControlPlane): Promise<KeyServiceBackend> {
  const vault = await startVault();
  const relay = await startServiceRelay(vault.address);
  await enableTransit(vault);
  await createTransitKey(vault, { name: "derived", derived: true });
  await createTransitKey(vault, { name: "plain" });
  await createTransitKey(vault, { name: "forbidden", derived: true });
  await enableKubernetesAuth(vault, cluster);
  await writePolicy(vault, "signet", {
    "transit/keys/*": ["read"],
    "transit/decrypt/*": ["update"],
  });
  await writeKubernetesRole(vault, {
    name: "signet",
    serviceAccounts: [controllerName],
    namespaces: [controllerNamespace],
    audience: AUDIENCE,
    policies: ["signet"],
  });
  const account = { namespace: controllerNamespace, name: controllerName };
  const jwt = await requestServiceAccountToken(cluster.request, account, [AUDIENCE]);
  const jwtFile = join(cluster.folder, "vault-jwt");
  await writeFile(jwtFile, jwt, { mode: 0o600 });
  const client = connectVault({ address: vault.address });
  const transit = connectTransit(openVaultSession(client, { kind: "token", token: vault.rootToken }));
  return {
    flags: [
      `--vault-addr=${relay.url}`,
      "--vault-role=signet",
      `--vault-jwt-file=${jwtFile}`,
      "--vault-allowed-keys=transit/derived,transit/plain",
    ],
    env: {},
    keys: ["transit/derived", "transit/plain"],
    forbidden: "transit/forbidden",
    elsewhere: [
      "https://evil.example/transit/derived",
      "//evil.example/transit/derived",
      "evil.example:8200/transit/derived",
      "transit/derived@evil.example",
      "../transit/derived",
      "transit/../transit/derived",
    ],
    sealer: (key) => vaultSealer(transit, { mount: "transit", key: key.replace("transit/", "") }),
    opened: () => relay.count("transit/decrypt"),
    asked: () => relay.count(""),
    forget: () => relay.forget(),
    outages: {
      "it is sealed": { begin: () => vault.seal(), end: () => vault.unseal() },
      "it is killed": { begin: () => vault.kill(), end: () => vault.restart() },
    },
    secrets: { "the JWT": jwt, "the root token": vault.rootToken },
    async stop() {
      await client.close();
      await relay.close();
      await vault.stop();
    },
  };
}

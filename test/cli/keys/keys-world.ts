import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { Io } from "../../../cli/io.ts";
import { run } from "../../../cli/run.ts";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../embedded-cluster/embedded-cluster.ts";
import { type MemoryRun, type MemoryWorld, memoryIo } from "../../support/memory-io.ts";
import { keyArn, MemoryKms } from "../../support/memory-kms.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";

/** The wrapping keys of these tests. */
export const KMS_KEY = `kms:${keyArn("one")}`;
export const OTHER_KMS_KEY = `kms:${keyArn("two")}`;
export const VAULT_KEY = "vault:transit/sealing";
/** Says of a key Secret that its key was copied out. */
export const BACKED_UP = { "signet.dev/backup-confirmed": "2030-01-01T00:00:00Z age1example" };

/** An embedded cluster with key Secrets, and key services in memory. */
export type KeysWorld = {
  cluster: EmbeddedCluster;
  kms: MemoryKms;
  transit: MemoryTransit;
  /** `signet keys` with these arguments. */
  keys(...args: string[]): Promise<MemoryRun>;
  /** The same where there is more to read: files, variables, standard input. */
  keysWith(world: KeysRun, ...args: string[]): Promise<MemoryRun>;
  /** Any command that talks to that cluster: its word first. */
  signet(world: KeysRun, ...args: string[]): Promise<MemoryRun>;
  secret(name: string): ApiObject;
  /** Text of an item of a Secret. */
  item(name: string, item: string): string;
  put(secret: SecretObject): void;
  /** Writes what a controller publishes in the place of what stood there. */
  publish(published: Published): void;
  /** Requests that were no reads, by method and path. */
  writes(): string[];
};

/** What there is to read, and a file of which what is written comes back otherwise. */
export type KeysRun = Pick<MemoryWorld, "files" | "env" | "stdin" | "editing" | "now"> &
  Pick<Io, "whenInterrupted"> & { damages?: string };

/** What a controller would publish of its keys. */
export type Published = {
  /** Annotations of its ConfigMap: by default all wrapping keys, and that plain keys seal too. */
  settings?: Record<string, string>;
  /** The certificate there. */
  certificatePem?: string;
  /** Fingerprint on its Lease. */
  known?: string;
};

/** What a controller publishes that wraps new keys by the first of these, and can do with all. */
export const WRAPPING = {
  "signet.dev/sealing-key-wrap": KMS_KEY,
  "signet.dev/sealing-key-unwrap": `${OTHER_KMS_KEY},${VAULT_KEY}`,
  "signet.dev/key-order-priority": "CertNotBefore",
};
/** And one that makes plain ones. */
export const UNWRAPPING = {
  "signet.dev/sealing-key-unwrap": `${KMS_KEY},${OTHER_KMS_KEY},${VAULT_KEY}`,
  "signet.dev/key-order-priority": "CertNotBefore",
};

/** @param secrets the controller has published the newest certificate of these. */
export async function keysWorld(context: TestContext, secrets: readonly SecretObject[]): Promise<KeysWorld> {
  const folder = await mkdtemp(join(tmpdir(), "signet-keys-cli-"));
  const cluster = await startEmbeddedCluster({ sealedSecrets: true });
  for (const secret of secrets) cluster.store.put(secret as ApiObject);
  const publish = ({ settings = UNWRAPPING, certificatePem, known }: Published) => {
    const metadata = { namespace: "kube-system", name: "sealed-secrets-certificate", annotations: settings };
    const data = certificatePem === undefined ? {} : { "cert.pem": certificatePem };
    cluster.store.put({ apiVersion: "v1", kind: "ConfigMap", metadata, data });
    cluster.store.delete("leases", "kube-system", "sealed-secrets-controller");
    if (known === undefined) return;
    const annotations = { "signet.dev/sealing-key": known };
    const lease = { namespace: "kube-system", name: "sealed-secrets-controller", annotations };
    cluster.store.put({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: lease, spec: {} });
  };
  const certificatePem = newestOf(secrets);
  publish(certificatePem === undefined ? {} : { certificatePem });
  const kubeconfig = await cluster.kubeconfig(join(folder, "kubeconfig"));
  context.after(async () => {
    await cluster.stop();
    await rm(folder, { recursive: true });
  });
  const kms = new MemoryKms("one", "two");
  const transit = new MemoryTransit();
  transit.createKey("transit/sealing", "context");
  const secret = (name: string) =>
    cluster.store.get("secrets", "kube-system", name) ?? assert.fail(`no Secret ${name}`);
  const signet: KeysWorld["signet"] = async (
    { files, env, stdin, editing, now, damages, whenInterrupted },
    word = "",
    ...args
  ) => {
    const flags = [`--kubeconfig=${kubeconfig}`, "--cluster-id=cluster-1"];
    const { io, left } = memoryIo([word, ...flags, ...args], {
      env: { VAULT_ADDR: "https://vault.test:8200", VAULT_TOKEN: "token", ...env },
      files: { ...files, [kubeconfig]: readFileSync(kubeconfig) },
      ...(stdin === undefined ? {} : { stdin }),
      ...(editing === undefined ? {} : { editing }),
      ...(now === undefined ? {} : { now }),
    });
    const { replace } = io.files;
    const damaged = (text: string | Uint8Array) =>
      Buffer.from(text).toString().replace("name: one", "name: uno");
    io.files.replace = (path, text) => replace(path, path === damages ? damaged(text) : text);
    if (whenInterrupted !== undefined) io.whenInterrupted = whenInterrupted;
    const close = () => undefined;
    io.keyServices = {
      kms: async () => ({ api: kms, close }),
      transit: async () => ({ api: transit, close }),
    };
    return left(await run(io));
  };
  return {
    cluster,
    kms,
    transit,
    keys: (...args) => signet({}, "keys", ...args),
    keysWith: (files, ...args) => signet(files, "keys", ...args),
    signet,
    secret,
    item: (name, item) => {
      const data = secret(name)["data"] as Record<string, string>;
      return Buffer.from(data[item] ?? "", "base64").toString();
    },
    put: (one) => void cluster.store.put(one as ApiObject),
    publish,
    writes: () =>
      cluster.requests
        .filter(({ method }) => method !== "GET")
        .map(({ method, path }) => `${method} ${path}`),
  };
}

/** Undefined where none can be read. */
function newestOf(secrets: readonly SecretObject[]): string | undefined {
  const certificates = secrets.flatMap(({ data }) => {
    const pem = Buffer.from(data?.["tls.crt"] ?? "", "base64").toString();
    return pem === "" ? [] : [readCertificate(pem)];
  });
  certificates.sort((a, b) => b.notBefore.getTime() - a.notBefore.getTime());
  return certificates[0]?.pem;
}

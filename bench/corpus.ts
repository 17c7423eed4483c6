import { randomInt } from "node:crypto";
import { issueKey } from "../controller/keys/issue-certificate.ts";
import type { ControlPlane } from "../test/support/control-plane/control-plane.ts";
import type { KubeObject } from "../test/support/control-plane/kube-object.ts";
import { testSealer } from "../test/support/in-process-sealing.ts";
import { keySecretOf } from "../test/support/sealing-key-secrets.ts";
import type { BenchOptions } from "./options.ts";

/** What every run finds in its cluster: the same keys, the same SealedSecrets. */
export type Corpus = {
  namespaces: KubeObject[];
  keySecrets: KubeObject[];
  sealedSecrets: KubeObject[];
  /** Makes one more SealedSecret, sealed under the newest key. */
  oneMore(name: string): Promise<KubeObject>;
  /** The newest key's certificate, in PEM. */
  certificatePem: string;
};

const namespaceCount = 10;
const parallelRequests = 8;

/** Makes keys and seals everything, once for all runs. */
export async function makeCorpus({ objects, items, keys, keyBits }: BenchOptions): Promise<Corpus> {
  const issued = [];
  for (let i = 0; i < keys; i += 1) {
    // A minute apart, the newest last, so that all readers agree which is the newest.
    const notBefore = new Date(Date.now() - (keys - i) * 60_000);
    issued.push(await issueKey({ keyBits, commonName: "", ttlMs: 365 * 86_400_000 }, notBefore));
  }
  const sealers = await Promise.all(issued.map(({ certificatePem }) => testSealer(certificatePem)));
  const newest = sealers.at(-1);
  const certificatePem = issued.at(-1)?.certificatePem;
  if (newest === undefined || certificatePem === undefined) throw new Error("there is no key");
  const seal = (sealer: typeof newest, number: number, name: string): Promise<KubeObject> =>
    sealer.object({ namespace: namespaceName(number), name, items: plainItems(items, name) });

  const sealedSecrets: KubeObject[] = [];
  for (let i = 0; i < objects; i += 1)
    sealedSecrets.push(await seal(sealers[randomInt(sealers.length)] ?? newest, i, `object-${i}`));
  return {
    namespaces: Array.from({ length: namespaceCount }, (_, i) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespaceName(i) },
    })),
    keySecrets: issued.map((key, i) => keySecretOf(`sealed-secrets-key-${i}`, key)),
    sealedSecrets,
    oneMore: (name) => seal(newest, 0, name),
    certificatePem,
  };
}

/** Puts the corpus into a cluster whose SealedSecret definition is there. */
export async function load(
  cluster: ControlPlane,
  corpus: Corpus,
  count = Number.POSITIVE_INFINITY,
): Promise<void> {
  await cluster.apply([...corpus.namespaces, ...corpus.keySecrets]);
  const waiting = corpus.sealedSecrets.slice(0, count).values();
  const worker = async (): Promise<void> => {
    for (const object of waiting) await create(cluster, object);
  };
  await Promise.all(Array.from({ length: parallelRequests }, worker));
}

/** Creates one SealedSecret. */
export async function create(cluster: ControlPlane, object: KubeObject): Promise<void> {
  const namespace = object.metadata?.namespace;
  const path = `/apis/bitnami.com/v1alpha1/namespaces/${namespace}/sealedsecrets`;
  const { status, body } = await cluster.request("POST", path, object);
  if (status !== 201) throw new Error(`POST ${path}: ${status} ${JSON.stringify(body)}`);
}

/** How a SealedSecret and its Secret are called in a watch. */
export function keyOf({ metadata }: KubeObject): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

function namespaceName(number: number): string {
  return `bench-${number % namespaceCount}`;
}

function plainItems(count: number, name: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`item-${i}`, `value ${i} of ${name}`]));
}

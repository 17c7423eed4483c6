import { randomInt } from "node:crypto";
import { SEALING_KEY_ANNOTATION } from "../shared/resource.ts";
import { readCertificate } from "../shared/seal/certificate.node.ts";
import { issueKey } from "../shared/seal/issue-certificate.node.ts";
import type { ControlPlane } from "../test/support/control-plane/control-plane.ts";
import type { KubeObject } from "../test/support/control-plane/kube-object.ts";
import { testSealer } from "../test/support/in-process-sealing.ts";
import { keySecretOf } from "../test/support/sealing-key-secrets.ts";

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

/** What a corpus is made of. */
export type CorpusOptions = {
  objects: number;
  /** Values in each. */
  items: number;
  /** Keys; each SealedSecret is sealed under one of them, drawn at random. */
  keys: number;
  keyBits: number;
  /** Whether the SealedSecrets name the key that opens them. */
  hints?: boolean;
};

const namespaceCount = 10;
/** Enough to keep all cores at work. */
const sealedAtOnce = 32;
const parallelRequests = 16;

/** Makes keys and seals everything, once for all runs. */
export async function makeCorpus({ objects, items, keys, keyBits, hints }: CorpusOptions): Promise<Corpus> {
  const issued = await Promise.all(
    // A minute apart, the newest last, so that all readers agree which is the newest.
    Array.from({ length: keys }, (_, i) =>
      issueKey(
        { keyBits, commonName: "", ttlMs: 365 * 86_400_000 },
        new Date(Date.now() - (keys - i) * 60_000),
      ),
    ),
  );
  const sealers = await Promise.all(issued.map(async ({ certificatePem }) => await sealerOf(certificatePem)));
  const newest = sealers.at(-1);
  const certificatePem = issued.at(-1)?.certificatePem;
  if (newest === undefined || certificatePem === undefined) throw new Error("there is no key");
  const seal = ({ sealer, fingerprint }: typeof newest, number: number, name: string): Promise<KubeObject> =>
    sealer.object({
      namespace: namespaceName(number),
      name,
      items: plainItems(items, name),
      ...(hints === true ? { annotations: { [SEALING_KEY_ANNOTATION]: fingerprint } } : {}),
    });

  const sealedSecrets = Array.from<KubeObject>({ length: objects });
  await sideBySide(sealedAtOnce, sealedSecrets.keys(), async (i) => {
    sealedSecrets[i] = await seal(sealers[randomInt(sealers.length)] ?? newest, i, `object-${i}`);
  });
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

async function sealerOf(certificatePem: string) {
  const { fingerprint } = readCertificate(certificatePem);
  return { sealer: await testSealer(certificatePem), fingerprint };
}

/** Puts the corpus into a cluster whose SealedSecret definition is there. */
export async function load(
  cluster: ControlPlane,
  corpus: Corpus,
  count = Number.POSITIVE_INFINITY,
): Promise<void> {
  await cluster.apply([...corpus.namespaces, ...corpus.keySecrets]);
  await sideBySide(parallelRequests, corpus.sealedSecrets.slice(0, count), (object) =>
    create(cluster, object),
  );
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

async function sideBySide<T>(
  width: number,
  all: Iterable<T>,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const waiting = Iterator.from(all);
  const worker = async (): Promise<void> => {
    for (const one of waiting) await work(one);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

function namespaceName(number: number): string {
  return `bench-${number % namespaceCount}`;
}

function plainItems(count: number, name: string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`item-${i}`, `value ${i} of ${name}`]));
}

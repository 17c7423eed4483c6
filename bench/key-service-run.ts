import { scopeAt } from "../shared/scope.ts";
import type { Sealer } from "../shared/seal/sealer.ts";
import {
  type KeyServiceBackend,
  startFakeKmsBackend,
  startVaultBackend,
} from "../test/interop/key-services/backend.ts";
import { type ControlPlane, startControlPlane } from "../test/support/control-plane/control-plane.ts";
import { isRecord, type KubeObject } from "../test/support/control-plane/kube-object.ts";
import { watchCluster } from "./cluster-watch.ts";
import { boundMs } from "./controller-run.ts";
import { type Corpus, keyOf, load, makeCorpus } from "./corpus.ts";
import type { FigureName } from "./figures.ts";
import type { Measurement } from "./measurement.ts";
import type { BenchOptions } from "./options.ts";
import { untilQuiet } from "./process-usage.ts";
import { signet } from "./subject.ts";

/** Key services that the bench knows: a stand-in for AWS KMS that counts, and a real Vault behind one that counts. */
export type BenchService = "kms" | "vault";

const starts: Readonly<Record<BenchService, (cluster: ControlPlane) => Promise<KeyServiceBackend>>> = {
  kms: startFakeKmsBackend,
  vault: startVaultBackend,
};
const rows: Readonly<Record<BenchService, Record<"cold" | "calls" | "restart", FigureName>>> = {
  kms: { cold: "kmsCold", calls: "kmsCalls", restart: "kmsRestart" },
  vault: { cold: "vaultCold", calls: "vaultCalls", restart: "vaultRestart" },
};
const encoder = new TextEncoder();

/** A cold start over values under a key service, each object sealed in one go, and a restart: the time, and the calls. */
export async function runKeyService(
  service: BenchService,
  options: BenchOptions,
  progress: (what: string) => void,
): Promise<Measurement[]> {
  const { objects, items } = options;
  const found: Measurement[] = [];
  const add = (figure: FigureName, value: number) => found.push({ figure, subject: signet.name, value });
  const cluster = await startControlPlane();
  let backend: KeyServiceBackend | null = null;
  try {
    await signet.install(cluster);
    backend = await starts[service](cluster);
    progress(`sealing ${objects} objects of ${items} items`);
    const corpus = await sealedCorpus(cluster, backend, options);
    await load(cluster, corpus);
    const keys = corpus.sealedSecrets.map(keyOf);
    const watch = await watchCluster(cluster);
    const start = { flags: ["--kubeclient-qps=-1", ...backend.flags], env: backend.env };
    backend.forget();
    progress("cold start");
    let running = await signet.start(cluster, start);
    try {
      const last = Math.max(
        await watch.untilSecrets(keys, boundMs(objects)),
        await watch.untilSynced(keys, boundMs(objects)),
      );
      add(rows[service].cold, (last - running.startedAt) / 1000);
      add(rows[service].calls, backend.opened() / objects);
      await untilQuiet(running.process.pid, boundMs(objects));
      await running.stop();
      backend.forget();
      progress("restart");
      running = await signet.start(cluster, start);
      await running.untilServing();
      await untilQuiet(running.process.pid, boundMs(objects));
      add(rows[service].restart, backend.asked());
    } finally {
      watch.close();
      await running.stop();
    }
    return found;
  } finally {
    await backend?.stop();
    await cluster.stop();
  }
}

/** The same objects as elsewhere, with their values sealed under a key of the service, in one go each. */
async function sealedCorpus(
  cluster: ControlPlane,
  backend: KeyServiceBackend,
  { objects, items }: BenchOptions,
): Promise<Corpus> {
  const corpus = await makeCorpus({ objects, items: 1, keyBits: 2048, keys: 1 });
  const { body } = await cluster.request("GET", "/api/v1/namespaces/kube-system");
  const clusterId = String((isRecord(body) && isRecord(body["metadata"]) ? body["metadata"] : {})["uid"]);
  const sealer = backend.sealer(backend.keys[0]);
  const sealedSecrets: KubeObject[] = [];
  for (const object of corpus.sealedSecrets)
    sealedSecrets.push(await sealedAnew(object, { sealer, clusterId, items }));
  return { ...corpus, sealedSecrets };
}

async function sealedAnew(
  object: KubeObject,
  { sealer, clusterId, items }: { sealer: Sealer; clusterId: string; items: number },
): Promise<KubeObject> {
  const { namespace = "", name = "" } = object.metadata;
  const plain = new Map(
    Array.from({ length: items }, (_, at) => [`item-${at}`, encoder.encode(`value ${at} of ${name}`)]),
  );
  const scope = scopeAt("strict", { namespace, name });
  const sealed = await sealer.sealAll(plain, { clusterId, scope });
  return { ...object, spec: { encryptedData: Object.fromEntries(sealed) } };
}

import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { PRIMARY_ANNOTATION } from "../../../controller/keys/promotion.ts";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { type Clock, systemClock } from "../../../controller/runtime/clock.ts";
import type { KubeClient } from "../../../shared/kube/client.ts";
import { loadKubeConfig } from "../../../shared/kube/config.ts";
import { connectKube } from "../../../shared/kube/http-client.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../embedded-cluster/embedded-cluster.ts";
import { type Look, lookUntil, settledWithin } from "../../support/look-until.ts";
import { patienceMs } from "../../support/patience.ts";
import { PAIR_UID, type SealingPair } from "../sealing-key.ts";
import { type Replica, type ReplicaOptions, startReplica, type Told } from "./replica.ts";
import { TestLease } from "./test-lease.ts";

const BOUND_MS = 20_000;
/** So much faster do waits pass. */
const HASTE = 20;

/** Key managers against an embedded API server, with a lease between them. */
export type KeyScene = {
  cluster: EmbeddedCluster;
  lease: TestLease;
  /** @param through what stands between the replica and the server. */
  start(options?: ReplicaOptions, through?: (client: KubeClient) => KubeClient): Promise<Replica>;
  put(secret: SecretObject): void;
  annotate(name: string, annotations: Record<string, string>): void;
  relabel(name: string, labels: Record<string, string>): void;
  remove(name: string): void;
  keySecrets(): ApiObject[];
  configMap(): ApiObject | null;
  /** Puts the time of day forward. */
  moveOn(ms: number): void;
  /** Requests that were no reads. */
  writes(): string[];
  until<T>(what: string, look: Look<T>, boundMs?: number): Promise<T>;
  untilReady(replica: Replica): Promise<void>;
};

/** @param keys stand there from the beginning. */
export async function keyScene(context: TestContext, keys: SecretObject[] = []): Promise<KeyScene> {
  const folder = await mkdtemp(join(tmpdir(), "signet-keys-"));
  const cluster = await startEmbeddedCluster({});
  for (const key of keys) cluster.store.put(key as ApiObject);
  const kubeconfig = await cluster.kubeconfig(join(folder, "kubeconfig"));
  const replicas: Replica[] = [];
  const clients: { close(): Promise<void> }[] = [];
  context.after(async () => {
    cluster.faults.clear();
    for (const replica of replicas) await replica.stop();
    for (const client of clients) await client.close();
    await cluster.stop();
    await rm(folder, { recursive: true });
  });
  let aheadMs = 0;
  const clock = hastyClock(() => aheadMs);
  const change = (name: string, metadata: Partial<ApiObject["metadata"]>) => {
    const secret = cluster.store.get("secrets", "kube-system", name) ?? assert.fail(`no Secret ${name}`);
    cluster.store.put({ ...secret, metadata: { ...secret.metadata, ...metadata } });
  };
  return {
    cluster,
    lease: new TestLease(),
    async start(options, through = (client) => client) {
      const client = connectKube(await loadKubeConfig({ kubeconfig }), { version: "test" });
      clients.push(client);
      const replica = startReplica(through(client), clock, options);
      replicas.push(replica);
      return replica;
    },
    put: (secret) => void cluster.store.put(secret as ApiObject),
    annotate: (name, annotations) => change(name, { annotations }),
    relabel: (name, labels) => change(name, { labels }),
    remove: (name) => void cluster.store.delete("secrets", "kube-system", name),
    keySecrets: () =>
      cluster.store
        .list("secrets", "kube-system")
        .filter(({ metadata }) => /^(?:active|wrapped)$/.test(metadata.labels?.[KEY_LABEL] ?? "")),
    configMap: () => cluster.store.get("configmaps", "kube-system", "sealed-secrets-certificate"),
    moveOn: (ms) => {
      aheadMs += ms;
    },
    writes: () =>
      cluster.requests
        .filter(({ method }) => method !== "GET")
        .map(({ method, path }) => `${method} ${path}`),
    until: (what, look, boundMs = patienceMs(BOUND_MS)) => {
      const told = () => replicas.flatMap((replica) => replica.lines.slice(-8));
      return lookUntil({ what, boundMs, told }, look);
    },
    untilReady: ({ manager, lines }) =>
      settledWithin(
        { what: "the replica to be ready", boundMs: patienceMs(BOUND_MS), told: () => lines.slice(-8) },
        manager.whenReady,
      ),
  };
}

/** A promotion from so many seconds before now. */
export function promoted(secondsAgo: number): Record<string, string> {
  return { [PRIMARY_ANNOTATION]: `${new Date(Date.now() - secondsAgo * 1000).toISOString()} ${PAIR_UID}` };
}

/** The fingerprint of the key that seals on a replica. */
export function seals({ manager }: Replica): string | null {
  return manager.ring.primary?.certificate.fingerprint ?? null;
}

export function untilSeals(
  scene: KeyScene,
  replica: Replica,
  pair: Pick<SealingPair, "fingerprint">,
  why = "it to seal",
): Promise<unknown> {
  return scene.until(why, () => seals(replica) === pair.fingerprint);
}

/** Waits until what the leader knows stands on the lease. */
export function untilKnown(scene: KeyScene, pair: Pick<SealingPair, "fingerprint">): Promise<unknown> {
  return scene.until(
    "the lease to name it",
    () => scene.lease.annotations["signet.dev/sealing-key"] === pair.fingerprint,
  );
}

/** The events of a change that nobody expected. */
export function changes(replica: Replica): Told[] {
  return replica.told.filter(({ reason }) => reason === "SealingKeyChanged");
}

/** The alarm of such a change, as it stands beside the certificate. */
export function alarm(scene: KeyScene): string | null {
  return scene.configMap()?.metadata.annotations?.["signet.dev/sealing-key-changed"] ?? null;
}

/** The value of a replica's metric. @param metric a pattern of its name and labels. */
export async function value(replica: Replica, metric: string): Promise<string | undefined> {
  return new RegExp(`^${metric} (\\S+)$`, "m").exec(await replica.metrics())?.[1];
}

/** The time of day is the real one, or ahead of it; waits pass quickly. */
function hastyClock(aheadMs: () => number): Clock {
  return {
    now: () => systemClock.now() + aheadMs(),
    monotonic: () => systemClock.monotonic() * HASTE,
    sleep: (ms, signal) => systemClock.sleep(ms / HASTE, signal),
  };
}

import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../test/support/control-plane/control-plane.ts";
import { asKubeObject, isRecord, type KubeObject } from "../test/support/control-plane/kube-object.ts";
import { keyOf } from "./corpus.ts";
import { watchMetadata } from "./metadata-watch.ts";

/** What happens in a cluster, by a client that neither controller uses. Times are of performance.now(). */
export type ClusterWatch = {
  /**
   * Waits for the Secrets of all `keys`.
   * @returns when the last appeared.
   * @throws Error when some are missing after `boundMs`.
   */
  untilSecrets(keys: readonly string[], boundMs: number): Promise<number>;
  /**
   * Waits until the status of all SealedSecrets of the cluster says that they are in sync.
   * @returns when the last of them was changed.
   * @throws Error when some are not after `boundMs`.
   */
  untilSynced(keys: readonly string[], boundMs: number): Promise<number>;
  /** When Secrets appeared, by namespace/name. */
  readonly secrets: ReadonlyMap<string, number>;
  close(): void;
};

const everySecret = "/api/v1/secrets";
const everySealedSecret = "/apis/bitnami.com/v1alpha1/sealedsecrets";
const pageSize = 500;
const betweenLooksMs = 100;

/**
 * Watches a cluster as its administrator. It asks for metadata only, since what it costs weighs on both controllers
 * alike and makes them look alike: each change of a SealedSecret is one event, and what the status says is looked up
 * once all have been changed.
 */
export async function watchCluster(cluster: ControlPlane): Promise<ClusterWatch> {
  const secrets = new Map<string, number>();
  const changed = new Map<string, number>();
  const failures: Error[] = [];
  const fail = (error: Error): void => void failures.push(error);
  const first = (object: KubeObject): void => {
    const key = keyOf(object);
    if (!secrets.has(key)) secrets.set(key, performance.now());
  };
  const last = (object: KubeObject): void => void changed.set(keyOf(object), performance.now());
  const closers = [
    await watchMetadata(cluster, everySecret, { onPresent: first, onEvent: first, onFailure: fail }),
    await watchMetadata(cluster, everySealedSecret, { onEvent: last, onFailure: fail }),
  ];
  const until = async <T>(boundMs: number, look: () => Promise<T | null> | T | null): Promise<T> => {
    for (const deadline = performance.now() + boundMs; ; await sleep(2)) {
      if (failures[0] !== undefined) throw failures[0];
      const found = await look();
      if (found !== null) return found;
      if (performance.now() > deadline)
        throw new Error(`${secrets.size} Secrets and ${changed.size} statuses after ${boundMs} ms`);
    }
  };
  const lastOf = (seen: ReadonlyMap<string, number>, keys: readonly string[]): number | null =>
    // The count is the quick look; the keys are only gone through once it can be true.
    seen.size >= keys.length && keys.every((key) => seen.has(key))
      ? keys.reduce((latest, key) => Math.max(latest, seen.get(key) ?? 0), 0)
      : null;
  return {
    secrets,
    untilSecrets: (keys, boundMs) => until(boundMs, () => lastOf(secrets, keys)),
    untilSynced: (keys, boundMs) =>
      until(boundMs, async () => {
        const at = lastOf(changed, keys);
        if (at === null) return null;
        if (await allSynced(cluster)) return lastOf(changed, keys);
        await sleep(betweenLooksMs);
        return null;
      }),
    close: () => {
      for (const close of closers) close();
    },
  };
}

async function allSynced(cluster: ControlPlane): Promise<boolean> {
  let token = "";
  do {
    const query = `?limit=${pageSize}${token === "" ? "" : `&continue=${encodeURIComponent(token)}`}`;
    const { body } = await cluster.request("GET", `${everySealedSecret}${query}`);
    if (!isRecord(body) || !isRecord(body["metadata"]) || !Array.isArray(body["items"]))
      throw new Error(`GET ${everySealedSecret} gave no list`);
    if (!body["items"].every((item) => isSynced(asKubeObject(item)))) return false;
    token = String(body["metadata"]["continue"] ?? "");
  } while (token !== "");
  return true;
}

function isSynced({ status }: KubeObject): boolean {
  if (!isRecord(status) || !Array.isArray(status["conditions"])) return false;
  return status["conditions"].some(({ type, status: value }) => type === "Synced" && value === "True");
}

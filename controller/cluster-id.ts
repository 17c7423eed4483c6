import { setTimeout as sleep } from "node:timers/promises";
import { SealError, wordsOf } from "../shared/errors.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import type { Log } from "./log.ts";

const TIMEOUT_MS = 5000;
const PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5000;

/**
 * The identity of a cluster: the uid of its namespace kube-system. Waits out an API server that is away, since
 * without one there is nothing to do anyway.
 * @returns null when it may not be read, or the signal aborts first.
 */
export async function clusterIdOf(client: KubeClient, log: Log, signal: AbortSignal): Promise<string | null> {
  for (let pause = PAUSE_MS; !signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    try {
      const path = "/api/v1/namespaces/kube-system";
      const namespace = await client.request({ method: "GET", path, timeoutMs: TIMEOUT_MS, signal });
      return namespace.metadata.uid ?? null;
    } catch (error) {
      if (signal.aborted) break;
      const words = wordsOf(error);
      if (!(error instanceof SealError && error.retryable)) {
        log.warn({ error: words }, "The cluster's identity is unknown; --cluster-id sets it");
        return null;
      }
      if (pause === PAUSE_MS) log.warn({ error: words }, "The API server does not answer, will retry");
    }
    await sleep(pause, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

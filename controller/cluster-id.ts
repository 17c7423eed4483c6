import { setTimeout as sleep } from "node:timers/promises";
import { SealError } from "../shared/errors.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import type { Log } from "./log.ts";

/** The start waits for the answer no longer than this. */
const PATIENCE_MS = 5000;
const PAUSE_MS = 250;

/**
 * The identity of a cluster: the uid of its namespace kube-system.
 * @returns null when it may not be read, or not within five seconds.
 */
export async function clusterIdOf(client: KubeClient, log: Log): Promise<string | null> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      const path = "/api/v1/namespaces/kube-system";
      const timeoutMs = Math.max(1, Math.ceil(giveUpAt - performance.now()));
      const namespace = await client.request({ method: "GET", path, timeoutMs });
      return namespace.metadata.uid ?? null;
    } catch (error) {
      const passing = error instanceof SealError && error.retryable;
      if (passing && performance.now() + PAUSE_MS < giveUpAt) {
        await sleep(PAUSE_MS);
        continue;
      }
      const words = error instanceof SealError ? error.message : "unexpected error";
      log.warn({ error: words }, "The cluster's identity is unknown; --cluster-id sets it");
      return null;
    }
  }
}

import { SealError } from "../shared/errors.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import type { Log } from "./log.ts";

/** The identity of a cluster: the uid of its namespace kube-system; null when it may not be read. */
export async function clusterIdOf(client: KubeClient, log: Log): Promise<string | null> {
  try {
    const namespace = await client.request({ method: "GET", path: "/api/v1/namespaces/kube-system" });
    return namespace.metadata.uid ?? null;
  } catch (error) {
    const words = error instanceof SealError ? error.message : "unexpected error";
    log.warn({ error: words }, "The cluster's identity is unknown; --cluster-id sets it");
    return null;
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../test/support/control-plane/control-plane.ts";
import { isRecord } from "../test/support/control-plane/kube-object.ts";
import type { Corpus } from "./corpus.ts";

const everyMs = 200;

/**
 * Waits until so many events stand in the corpus's namespaces, where nothing else makes any.
 * @returns when that was, by performance.now() and to 0.2 s, and how many were still missing when `boundMs` were over.
 */
export async function untilEvents(
  cluster: ControlPlane,
  corpus: Corpus,
  { count, boundMs }: { count: number; boundMs: number },
): Promise<{ at: number; missing: number }> {
  for (const deadline = performance.now() + boundMs; ; await sleep(everyMs)) {
    const at = performance.now();
    const missing = Math.max(0, count - (await countEvents(cluster, corpus)));
    if (missing === 0 || at > deadline) return { at, missing };
  }
}

/** Counts events without reading them: a page of one says how many follow. */
async function countEvents(cluster: ControlPlane, { namespaces }: Corpus): Promise<number> {
  const counts = await Promise.all(
    namespaces.map(async ({ metadata }) => {
      const path = `/api/v1/namespaces/${metadata.name}/events?limit=1`;
      const { body } = await cluster.request("GET", path);
      if (!isRecord(body) || !isRecord(body["metadata"]) || !Array.isArray(body["items"]))
        throw new Error(`GET ${path} gave no list`);
      return body["items"].length + Number(body["metadata"]["remainingItemCount"] ?? 0);
    }),
  );
  return counts.reduce((sum, one) => sum + one, 0);
}

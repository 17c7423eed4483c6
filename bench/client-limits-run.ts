import { startControlPlane } from "../test/support/control-plane/control-plane.ts";
import { watchCluster } from "./cluster-watch.ts";
import { type Corpus, keyOf, load } from "./corpus.ts";
import type { Measurement } from "./measurement.ts";
import type { Subject } from "./subject.ts";

const mostObjects = 100;
const boundMs = 300_000;

/**
 * The cold start over a few objects with each controller as it comes, without any flag: the reference then sends five
 * requests a second. Too slow for the whole corpus, so the time per object is what is compared.
 */
export async function runWithOwnLimits(subject: Subject, corpus: Corpus): Promise<Measurement[]> {
  const keys = corpus.sealedSecrets.slice(0, mostObjects).map(keyOf);
  const cluster = await startControlPlane();
  try {
    await subject.install(cluster);
    await load(cluster, corpus, keys.length);
    const watch = await watchCluster(cluster);
    const running = await subject.start(cluster);
    try {
      const secret = await watch.untilSecrets(keys, boundMs);
      const status = await watch.untilSynced(keys, boundMs);
      const perObject = (Math.max(secret, status) - running.startedAt) / keys.length;
      return [{ figure: "limits", subject: subject.name, value: perObject }];
    } finally {
      watch.close();
      await running.stop();
    }
  } finally {
    await cluster.stop();
  }
}

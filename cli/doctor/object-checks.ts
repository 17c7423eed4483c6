import type { KubeClient } from "../../shared/kube/client.ts";
import { objectsInCluster } from "../inventory/cluster.ts";
import { syncStateOf } from "../status/sync-state.ts";
import { type Check, type Looking, ok, unlessForbidden, wanting } from "./check.ts";

/** Looks how the SealedSecrets of the cluster stand. */
export function checkObjects({ client, search }: Looking): Promise<Check[]> {
  const about = "objects";
  return unlessForbidden(about, "list SealedSecrets of all namespaces", async () => {
    const { objects, problems } = await objectsInCluster(client as KubeClient, null, search.timeoutMs);
    const states = objects.map(({ sealedSecret }) => syncStateOf(sealedSecret).kind);
    const bad = states.filter((kind) => kind !== "in sync").length;
    const waiting = states.filter((kind) => kind === "not looked at").length;
    if (states.length > 0 && waiting === states.length) {
      const found = `no controller has looked at any of ${states.length} SealedSecrets`;
      return [wanting("fail", about, found, "see that a controller runs, and what its log says")];
    }
    if (bad + problems.length > 0) {
      const found = `${bad + problems.length} of ${states.length + problems.length} SealedSecrets are not in sync`;
      return [wanting("warn", about, found, "signet status -A")];
    }
    return [ok(about, `${states.length} SealedSecrets, all in sync`)];
  });
}

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
    const bad = states.filter((kind) => kind !== "in sync" && kind !== "not opening").length;
    const lost = states.filter((kind) => kind === "not opening").length;
    const waiting = states.filter((kind) => kind === "not looked at").length;
    if (states.length > 0 && waiting === states.length) {
      const found = `no controller has looked at any of ${states.length} SealedSecrets`;
      return [wanting("fail", about, found, "see that a controller runs, and what its log says")];
    }
    const checks: Check[] = [];
    if (lost > 0) {
      const found = `${lost} of ${states.length} SealedSecrets are opened by no sealing key any more: once their Secrets are lost, so are the values`;
      checks.push(
        wanting(
          "fail",
          about,
          found,
          "signet status -A names them; bring their key back (signet keys list, signet keys restore), or seal them anew",
        ),
      );
    }
    if (bad + problems.length > 0) {
      const found = `${bad + problems.length} of ${states.length + problems.length} SealedSecrets are not in sync`;
      checks.push(wanting("warn", about, found, "signet status -A"));
    }
    if (checks.length > 0) return checks;
    return [ok(about, `${states.length} SealedSecrets, all in sync`)];
  });
}

import type { KubeClient } from "../../shared/kube/client.ts";
import { counted } from "../counted.ts";
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
      const found = `no controller has looked at any of ${counted(states.length, "SealedSecret")}`;
      return [wanting("fail", about, found, "see that a controller runs, and what its log says")];
    }
    const checks: Check[] = [];
    if (lost > 0) {
      const found = `${lost} of ${counted(states.length, "SealedSecret")} ${lost === 1 ? "is" : "are"} opened by no sealing key any more: once ${lost === 1 ? "its Secret is" : "their Secrets are"} lost, so are the values`;
      checks.push(
        wanting(
          "fail",
          about,
          found,
          "signet status -A names what is opened no more; bring the key back (signet keys list, signet keys restore), or seal it anew",
        ),
      );
    }
    const out = bad + problems.length;
    if (out > 0) {
      const found = `${out} of ${counted(states.length + problems.length, "SealedSecret")} ${out === 1 ? "is" : "are"} not in sync`;
      checks.push(wanting("warn", about, found, "signet status -A"));
    }
    if (checks.length > 0) return checks;
    return [ok(about, `${counted(states.length, "SealedSecret")}, all in sync`)];
  });
}

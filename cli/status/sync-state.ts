import type { Condition, SealedSecret } from "../../shared/sealed-secret.ts";

/** How an object stands, by what its controller says of it. */
export type SyncState = {
  /**
   * `not looked at`: by no controller at this generation; `retrying`: it may come right by itself; `failed`: somebody has to change something;
   * `not opening`: its Secret is in sync, and no sealing key opens its values any more; `being deleted`: nothing more is done about it.
   */
  kind: "in sync" | "not looked at" | "retrying" | "failed" | "not opening" | "being deleted";
  /** Whether the Secret is as this generation asks, though the last look at it failed. */
  isSynced: boolean;
  /** The condition's; null where nothing is said. */
  reason: string | null;
  message: string | null;
  /** RFC 3339, since when; null where nothing is said. */
  since: string | null;
};

/** Reads how a SealedSecret of the cluster stands. The reference's controller writes `Synced` alone. */
export function syncStateOf({ metadata, status }: SealedSecret): SyncState {
  const find = (type: string) => status?.conditions?.find((condition) => condition.type === type);
  const types = ["Synced", "Ready", "Reconciling", "Stalled", "Opens"];
  const [synced, ready, reconciling, stalled, opens] = types.map(find);
  const isSynced = synced?.status === "True" && status?.observedGeneration === metadata.generation;
  if (metadata.deletionTimestamp !== undefined) {
    const since = metadata.deletionTimestamp;
    return { kind: "being deleted", isSynced, reason: null, message: null, since };
  }
  if (synced === undefined || status?.observedGeneration !== metadata.generation) {
    const message =
      synced === undefined
        ? "no controller has looked at it"
        : `the controller looked at generation ${status?.observedGeneration ?? "unknown"} last, and this is ${metadata.generation ?? "unknown"}`;
    return { kind: "not looked at", isSynced, reason: null, message, since: null };
  }
  if (stalled?.status === "True") return { kind: "failed", isSynced, ...saidBy(stalled) };
  if (reconciling?.status === "True") return { kind: "retrying", isSynced, ...saidBy(reconciling) };
  if (synced.status !== "True") return { kind: "retrying", isSynced, ...saidBy(synced) };
  if (ready !== undefined && ready.status !== "True") return { kind: "retrying", isSynced, ...saidBy(ready) };
  if (opens?.status === "False") return { kind: "not opening", isSynced, ...saidBy(opens) };
  return { kind: "in sync", isSynced, ...saidBy(ready ?? synced) };
}

function saidBy({ reason, message, lastTransitionTime }: Condition) {
  return { reason: reason || null, message: message || null, since: lastTransitionTime ?? null };
}

/** Why an object is not in sync, in one clause: `UnsealFailed: no key could decrypt …`. */
export function whyNotInSync({ kind, reason, message }: SyncState): string {
  const said = [reason, message].filter((part) => part !== null).join(": ");
  return said === "" ? kind : said;
}

import type { SecretDrift } from "./reconcile/secret-drift.ts";
import type { SecretVersion } from "./reconcile/secret-version.ts";
import { needsWork, saysSynced, type WatchedObject } from "./reconcile/watched-object.ts";
import type { Priority } from "./runtime/ready-order.ts";
import type { Workqueue } from "./runtime/workqueue.ts";
import type { SealedSecretCache } from "./sealed-secret-cache.ts";
import type { SecretCache } from "./secret-cache.ts";

/** What gives work, and what takes it. */
export type WorkParts = {
  sealedSecrets: SealedSecretCache;
  /** Null when Secrets are not watched. */
  secrets: SecretCache | null;
  queue: Workqueue;
  drift: SecretDrift;
  /** Told of an object that is gone; null when it was never valid. */
  gone: (key: string, last: WatchedObject | null) => void;
};

/**
 * Puts the key of each object into the queue that there is work for: those the caches hold, and from then on those that
 * a change in the cluster gives work to.
 * @returns what ends it.
 */
export function connectSources({ sealedSecrets, secrets, queue, drift, gone }: WorkParts): () => void {
  /** Objects that say they are in sync; whether they are is told by their Secrets, which are still being listed. */
  const unjudged = new Set<string>();
  let ended = false;
  const look = (key: string, priority: Priority) => {
    unjudged.delete(key);
    drift.demand(key);
    queue.add(key, priority);
  };
  const first = (key: string, watched: WatchedObject, priority: Priority) => {
    if (watched.said.record !== undefined) sealedSecrets.dropBody(key);
    if (watched.said.record === undefined || secrets === null || secrets.hasSynced) look(key, priority);
    else unjudged.add(key);
  };
  const onSecret = (key: string, present: SecretVersion | null, priority: Priority) => {
    // Of a SealedSecret that is still to come everything is looked at anyway.
    if (sealedSecrets.get(key) === undefined || unjudged.has(key)) return;
    const waitMs = drift.wake(key, present);
    if (waitMs === 0) queue.add(key, priority);
    else if (waitMs !== null) queue.addAfter(key, waitMs);
  };
  const ends = [
    sealedSecrets.subscribe({
      onAdd: (key, watched, initial) => first(key, watched, initial ? "resync" : "new"),
      onUpdate: (key, before, after) => {
        if (needsWork(before, after)) look(key, "new");
        else sealedSecrets.dropBody(key);
      },
      onDelete: (key, last) => {
        unjudged.delete(key);
        queue.forget(key);
        gone(key, last);
      },
    }),
    secrets?.subscribe({
      onAdd: (key, version, initial) => onSecret(key, version, initial ? "resync" : "new"),
      onUpdate: (key, _before, version) => onSecret(key, version, "new"),
      onDelete: (key) => onSecret(key, null, "new"),
    }),
  ];
  for (const [key, watched] of sealedSecrets.entries()) first(key, watched, "resync");
  void secrets?.whenSynced.then(() => {
    if (ended) return;
    for (const key of unjudged) look(key, "resync");
  });
  return () => {
    ended = true;
    for (const end of ends) end?.();
  };
}

/** Has those objects looked at again that are not in sync: a new key may open what failed before. */
export function retryFailed({ sealedSecrets, queue, drift }: Omit<WorkParts, "secrets" | "gone">): void {
  for (const [key, watched] of sealedSecrets.entries()) {
    if (saysSynced(watched)) continue;
    drift.demand(key);
    queue.add(key, "resync");
  }
}

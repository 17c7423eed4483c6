import type { SecretDrift } from "./reconcile/secret-drift.ts";
import type { SecretVersion } from "./reconcile/secret-version.ts";
import { needsWork, saysSynced } from "./reconcile/watched-object.ts";
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
  /** Told of an object that is gone. */
  forget: (key: string) => void;
};

/** Puts the key of each object into the queue that a change in the cluster gives work to; to be called before the caches run. */
export function connectSources({ sealedSecrets, secrets, queue, drift, forget }: WorkParts): void {
  const look = (key: string, priority: Priority) => {
    drift.demand(key);
    queue.add(key, priority);
  };
  sealedSecrets.subscribe({
    onAdd: (key, _watched, initial) => look(key, initial ? "resync" : "new"),
    onUpdate: (key, before, after) => {
      if (needsWork(before.object, after.object)) look(key, "new");
    },
    onDelete: (key) => {
      queue.forget(key);
      forget(key);
    },
  });
  const onSecret = (key: string, present: SecretVersion | null, priority: Priority) => {
    // Of a SealedSecret that is still to come everything is looked at anyway.
    if (sealedSecrets.get(key) === undefined) return;
    const waitMs = drift.wake(key, present);
    if (waitMs === 0) queue.add(key, priority);
    else if (waitMs !== null) queue.addAfter(key, waitMs);
  };
  secrets?.subscribe({
    onAdd: (key, version, initial) => onSecret(key, version, initial ? "resync" : "new"),
    onUpdate: (key, _before, version) => onSecret(key, version, "new"),
    onDelete: (key) => onSecret(key, null, "new"),
  });
}

/** Has those objects looked at again that are not in sync: a new key may open what failed before. */
export function retryFailed({ sealedSecrets, queue, drift }: Omit<WorkParts, "secrets" | "forget">): void {
  for (const [key, watched] of sealedSecrets.entries()) {
    if (saysSynced(watched)) continue;
    drift.demand(key);
    queue.add(key, "resync");
  }
}

import { Counter, type Registry } from "prom-client";

/** Reasons of the error counter, as alerts know them. */
const ERROR_REASONS = ["fetch", "unseal", "unmanaged", "update", "status"] as const;
/** A reason of the error counter. */
export type ErrorReason = (typeof ERROR_REASONS)[number];

/** Namespaces without objects that keep their series: an object may fail once more after it, and its namespace, has gone. */
const MOST_STRAYS = 100;

/** What comes of reconciling, counted: attempts, errors, repairs, and what in-sync records were worth. */
export function reconcileMetrics(registry: Registry, { omitNames }: { omitNames: boolean }) {
  const registers = [registry];
  const requests = new Counter({
    name: "sealed_secrets_controller_unseal_requests_total",
    help: "Attempts to bring a SealedSecret in sync",
    registers,
  });
  const errors = new Counter({
    name: "sealed_secrets_controller_unseal_errors_total",
    help: "Failed attempts, by reason and namespace",
    labelNames: omitNames ? ["reason"] : ["reason", "namespace"],
    registers,
  });
  const repairs = new Counter({
    name: "signet_secret_repairs_total",
    help: "Secrets put right after somebody else changed or deleted them, by cause",
    labelNames: ["cause"],
    registers,
  });
  const records = new Counter({
    name: "signet_sync_records_total",
    help: "In-sync records that were judged; each match spares the private-key operations of an object",
    labelNames: ["result"],
    registers,
  });
  const labelsOf = (reason: ErrorReason, namespace: string) =>
    omitNames ? { reason } : { reason, namespace };
  const countFrom0 = (namespace: string) => {
    for (const reason of ERROR_REASONS) errors.inc(labelsOf(reason, namespace), 0);
  };
  const begun = new Set<string>();
  /** Namespaces with errors that have not begun, or have ended; the latest last. */
  const strays = new Set<string>();
  const removeSeries = (namespace: string) => {
    for (const reason of ERROR_REASONS) errors.remove(labelsOf(reason, namespace));
  };
  const noteStray = (namespace: string) => {
    if (omitNames || namespace === "" || begun.has(namespace)) return;
    strays.delete(namespace);
    strays.add(namespace);
    const [oldest] = strays;
    if (strays.size <= MOST_STRAYS || oldest === undefined) return;
    strays.delete(oldest);
    removeSeries(oldest);
  };
  // No namespace is what the reference gives for an error that belongs to none.
  countFrom0("");
  for (const cause of ["changed", "deleted"]) repairs.inc({ cause }, 0);
  for (const result of ["match", "mismatch", "absent"]) records.inc({ result }, 0);

  return {
    countAttempt: () => requests.inc(),
    countError(reason: ErrorReason, namespace: string) {
      errors.inc(labelsOf(reason, namespace));
      noteStray(namespace);
    },
    countRepair: (cause: "changed" | "deleted") => repairs.inc({ cause }),
    /** What came of comparing the in-sync record of an object with what was observed. */
    countRecord: (result: "match" | "mismatch" | "absent") => records.inc({ result }),
    /** Gives a namespace that has objects its series of errors, so that the first error is seen as an increase. */
    beginNamespace: (namespace: string) => {
      if (omitNames) return;
      begun.add(namespace);
      strays.delete(namespace);
      countFrom0(namespace);
    },
    /** Takes away the series of a namespace that has no objects any more. */
    endNamespace: (namespace: string) => {
      if (omitNames || namespace === "") return;
      begun.delete(namespace);
      removeSeries(namespace);
    },
  };
}

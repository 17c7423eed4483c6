import type { SealError } from "../errors.ts";
import type { Outcome } from "./sealer.ts";

/** What is kept of a value in an object that failed: that its key service refused it for good, or that it opened. */
export type RememberedValue = "not-authentic" | "opens";

/** All that an answer depends on: service, key, blob or ciphertext, and the place that it was asked for. */
export type RefusalId = readonly string[];

/** Remembers what came of values of objects that failed, so that trying them again asks no key service. It may forget at any time. */
export interface RefusalMemory {
  recall(id: RefusalId): RememberedValue | undefined;
  /** Keeps what came of it, for so many ms at most. */
  remember(id: RefusalId, what: RememberedValue, forMs: number): void;
}

/** For what nobody mends but by sealing anew, or by giving a key its former material back. */
export const REFUSED_FOR_MS = 60 * 60_000;

/** An item, the ids that it may be remembered by, and what it is told as where it was refused. */
export type Rememberable = { item: string; ids: readonly RefusalId[]; refusal: SealError };

/**
 * What is known of an object's items without asking.
 * @returns null when none is known to be refused: then the service has to be asked.
 */
export function recallOutcomes(
  memory: RefusalMemory,
  values: Iterable<Rememberable>,
): Map<string, Outcome> | null {
  const outcomes = new Map<string, Outcome>();
  let isRefused = false;
  for (const { item, ids, refusal } of values) {
    const remembered = ids.map((id) => memory.recall(id));
    if (remembered.includes("not-authentic")) {
      isRefused = true;
      outcomes.set(item, { kind: "malformed", error: refusal });
    } else if (remembered.includes("opens")) {
      outcomes.set(item, { kind: "not-tried", isKnownToOpen: true });
    }
  }
  return isRefused ? outcomes : null;
}

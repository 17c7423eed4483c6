import type { RemoteBackend } from "../../shared/seal/codec.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import type { Log } from "../log.ts";

/** What budgets take from the rest of the controller. */
export type CallBudgetParts = {
  /** Ms of a clock that never jumps. */
  now: () => number;
  log: Pick<Log, "warn">;
  /** Told of each look at an object that is put off. */
  onPutOff: (service: RemoteBackend) => void;
};

/** A thousand objects of a namespace that are opened at a start are not slowed. */
const BURST = 1000;
const PER_SECOND = 10;
const LONGEST_WAIT_MS = 5 * 60_000;
const TOLD_AGAIN_MS = 10 * 60_000;
/** Namespaces with less than the burst left; those beyond begin anew. */
const MOST_NAMESPACES = 10_000;

type Budget = {
  /** Calls left at that time; below 0 where looks that had begun made more. */
  left: number;
  atMs: number;
  /** Those that were put off come back one after the other, the last one then. */
  takenUntilMs: number;
  toldAtMs: number | null;
};

/**
 * Calls on key services for the values of a namespace: a thousand, then ten a second. Who writes SealedSecrets chooses how
 * many calls they cost, and neither the bill nor the account's quota, which all share, is to be his to spend.
 */
export class CallBudgets {
  readonly #parts: CallBudgetParts;
  readonly #budgets = new Map<string, Budget>();

  constructor(parts: CallBudgetParts) {
    this.#parts = parts;
  }

  /** How many namespaces are remembered. */
  get size(): number {
    return this.#budgets.size;
  }

  /**
   * One look at an object of a namespace.
   * @returns to be asked before each of its calls. Throws KeyServiceError (`throttled`, with the ms to wait) where nothing is
   * left for the first one; once that is let through so are the others, since half a look is lost.
   */
  forLook(service: RemoteBackend, namespace: string): () => void {
    let isAdmitted = false;
    return () => {
      const budget = this.#current(namespace);
      if (!isAdmitted && budget.left < 1) throw this.#putOff(service, namespace, budget);
      isAdmitted = true;
      budget.left -= 1;
    };
  }

  #current(namespace: string): Budget {
    const now = this.#parts.now();
    const known = this.#budgets.get(namespace) ?? {
      left: BURST,
      atMs: now,
      takenUntilMs: now,
      toldAtMs: null,
    };
    known.left = leftAt(known, now);
    known.atMs = now;
    this.#budgets.delete(namespace);
    if (this.#budgets.size >= MOST_NAMESPACES) this.#makeRoom(now);
    this.#budgets.set(namespace, known);
    return known;
  }

  #makeRoom(now: number): void {
    const [oldest] = this.#budgets.keys();
    for (const [namespace, budget] of this.#budgets)
      if (leftAt(budget, now) >= BURST) this.#budgets.delete(namespace);
    if (this.#budgets.size >= MOST_NAMESPACES && oldest !== undefined) this.#budgets.delete(oldest);
  }

  #putOff(service: RemoteBackend, namespace: string, budget: Budget): KeyServiceError {
    const { log, onPutOff } = this.#parts;
    const { atMs: now, left, toldAtMs } = budget;
    const freeAtMs = Math.max(budget.takenUntilMs, now + ((1 - left) * 1000) / PER_SECOND);
    const atMs = Math.min(freeAtMs, now + LONGEST_WAIT_MS);
    budget.takenUntilMs = atMs + 1000 / PER_SECOND;
    onPutOff(service);
    if (toldAtMs === null || now - toldAtMs >= TOLD_AGAIN_MS) {
      budget.toldAtMs = now;
      log.warn(
        { namespace, service },
        "The values of a namespace take more calls on key services than it has",
      );
    }
    return new KeyServiceError(
      "throttled",
      `the values of namespace ${namespace} take too many calls on key services: it has ${BURST}, then ${PER_SECOND} a second`,
      "wait, it goes on by itself; the values that are sealed in one go take one call",
      { retryAfterMs: Math.ceil(atMs - now) },
    );
  }
}

function leftAt({ left, atMs }: Budget, now: number): number {
  return Math.min(BURST, left + ((now - atMs) * PER_SECOND) / 1000);
}

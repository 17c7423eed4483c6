import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { type Backoff, backoffMs } from "../runtime/backoff.ts";

/** What a gate goes by, so that tests own it. */
export type OutageGateParts = {
  /** Ms of a clock that never runs backwards. */
  nowMs: () => number;
  /** From 0 to below 1. */
  random: () => number;
  /** Whether a failure is what the gate is there for; may ask. What else a call throws changes nothing. */
  isOutage: (error: KeyServiceError) => boolean | Promise<boolean>;
  /** Told when an outage begins, with what it was noticed by, and when it is over. */
  onChange?: (outage: KeyServiceError | null) => void;
};

type Closed = { untilMs: number; failures: number; error: KeyServiceError; isTried: boolean };

const WAIT: Backoff = { baseMs: 2000, capMs: 5 * 60_000 };
/** Whoever comes while the first one tries is told to come again so much later. */
const WHILE_TRIED_MS = 1000;
/** Long enough for whoever waits to come and try. */
const GRACE_MS = 2 * 60_000;

/**
 * Spares a service that is away, and those who would wait for it: after a failure nobody asks for a time that doubles from
 * failure to failure; then one goes first, and until he is back the others are turned away without waiting.
 */
export class OutageGate {
  readonly #parts: OutageGateParts;
  #closed: Closed | null = null;

  constructor(parts: OutageGateParts) {
    this.#parts = parts;
  }

  /** Whether the service is away, for all that is known: nothing is where nobody has asked since it was worth another try. */
  get isAway(): boolean {
    return this.#closed !== null && this.#parts.nowMs() < this.#closed.untilMs + GRACE_MS;
  }

  /**
   * Makes a call, unless the service was seen to be away.
   * @throws what the call threw; the failure that closed the gate, with the ms until it is worth another try.
   */
  async pass<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    const found = this.#closed;
    if (found !== null) this.#goFirst(found);
    try {
      const answer = await call();
      if (this.#closed !== null) this.#parts.onChange?.(null);
      this.#closed = null;
      return answer;
    } catch (error) {
      if (!(error instanceof KeyServiceError) || !(await this.#parts.isOutage(error))) {
        if (found !== null) found.isTried = false;
        throw error;
      }
      // What began before it closed tells nothing new.
      if (this.#closed === found) this.#close(error, (found?.failures ?? 0) + 1);
      throw this.#turnedAway(error);
    }
  }

  #goFirst(closed: Closed): void {
    if (closed.isTried || closed.untilMs > this.#parts.nowMs()) throw this.#turnedAway(closed.error);
    closed.isTried = true;
  }

  #close(error: KeyServiceError, failures: number): void {
    const { nowMs, random } = this.#parts;
    const waitMs = Math.max(backoffMs(failures, WAIT, random), Math.min(error.retryAfterMs ?? 0, WAIT.capMs));
    if (this.#closed === null) this.#parts.onChange?.(error);
    this.#closed = { untilMs: nowMs() + waitMs, failures, error, isTried: false };
  }

  #turnedAway({ fault, message, hint }: KeyServiceError): KeyServiceError {
    const leftMs = (this.#closed?.untilMs ?? 0) - this.#parts.nowMs();
    return new KeyServiceError(fault, message, hint, { retryAfterMs: Math.max(WHILE_TRIED_MS, leftMs) });
  }
}

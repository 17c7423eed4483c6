import type { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { unlessAborted } from "../../shared/unless-aborted.ts";
import { type Backoff, backoffMs } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";

/** What a call came to, as far as it says something of its key: a passing fault, or that the service answers. */
export type CallSays = { failed: KeyServiceError } | "answers" | "nothing";

/** How calls wait. */
export type SharedWaitsParts = {
  clock: Pick<Clock, "monotonic" | "sleep">;
  random: () => number;
  backoff: Backoff;
  /** A service that says when to come back is believed so far, ms. */
  mostAskedMs: number;
};

type Wait = { problem: KeyServiceError; failures: number; untilMs: number; probe: Promise<void> | null };

/**
 * Has those who call for the same key wait together: after a passing fault nobody calls for a time that doubles with each
 * failure; then one goes first, and the others take what comes of it.
 */
export class SharedWaits {
  readonly #parts: SharedWaitsParts;
  readonly #waits = new Map<string, Wait>();

  constructor(parts: SharedWaitsParts) {
    this.#parts = parts;
  }

  /**
   * Makes a call when it is its turn.
   * @param onHeldOff told, each time that the caller has to wait, of the fault that is waited for.
   * @throws the signal's reason when aborted; what the call throws, which says nothing of the key.
   */
  async inTurn<Answer extends { says: CallSays }>(
    key: string,
    call: () => Promise<Answer>,
    onHeldOff: (problem: KeyServiceError) => void,
    signal: AbortSignal,
  ): Promise<Answer> {
    for (;;) {
      signal.throwIfAborted();
      const wait = this.#waits.get(key) ?? null;
      const leftMs = wait === null ? 0 : wait.untilMs - this.#parts.clock.monotonic();
      if (wait === null) return this.#attempt(key, null, call);
      if (leftMs > 0) {
        onHeldOff(wait.problem);
        await this.#parts.clock.sleep(leftMs, signal);
      } else if (wait.probe === null) return this.#goFirst(key, wait, call);
      else await unlessAborted(wait.probe, signal);
    }
  }

  async #goFirst<Answer extends { says: CallSays }>(
    key: string,
    wait: Wait,
    call: () => Promise<Answer>,
  ): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<void>();
    wait.probe = promise;
    try {
      return await this.#attempt(key, wait, call);
    } finally {
      // Where nothing was learned, the next one goes first.
      wait.probe = null;
      resolve();
    }
  }

  /** @param wait as it was when the call began: what began earlier tells nothing of a wait that began since. */
  async #attempt<Answer extends { says: CallSays }>(
    key: string,
    wait: Wait | null,
    call: () => Promise<Answer>,
  ): Promise<Answer> {
    const answer = await call();
    const { says } = answer;
    if ((this.#waits.get(key) ?? null) !== wait || says === "nothing") return answer;
    if (says === "answers") this.#waits.delete(key);
    else this.#waits.set(key, this.#longer(wait, says.failed));
    return answer;
  }

  #longer(before: Wait | null, problem: KeyServiceError): Wait {
    const { backoff, clock, mostAskedMs, random } = this.#parts;
    const failures = (before?.failures ?? 0) + 1;
    const askedMs = Math.min(problem.retryAfterMs ?? 0, mostAskedMs);
    const waitMs = Math.max(backoffMs(failures, backoff, random), askedMs);
    return { problem, failures, untilMs: clock.monotonic() + waitMs, probe: null };
  }
}

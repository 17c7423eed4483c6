import type { Clock } from "../runtime/clock.ts";

/** A sleep that others can end. A call while nobody sleeps ends the next sleep at once. */
export class WakeUp {
  readonly #clock: Clock;
  #called = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Ends the present sleep, or the next one. */
  call(): void {
    this.#called.abort();
  }

  /** Sleeps until the time is up, somebody calls, or the signal aborts. @returns true when called. */
  async sleep(ms: number, signal: AbortSignal): Promise<boolean> {
    const called = this.#called;
    await this.#clock.sleep(ms, AbortSignal.any([signal, called.signal])).catch(() => undefined);
    if (called.signal.aborted) this.#called = new AbortController();
    return called.signal.aborted;
  }
}

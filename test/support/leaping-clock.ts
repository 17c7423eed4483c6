import { type Clock, systemClock } from "../../controller/runtime/clock.ts";

type Sleeper = { dueAtMs: number; wake: () => void };

/** A clock that goes as the machine's does, and leaps when a test says so: who sleeps past the leap wakes at once. */
export class LeapingClock implements Clock {
  #aheadMs: number;
  readonly #sleepers = new Set<Sleeper>();

  /** @param startMs what `now` says first, ms since 1970. */
  constructor(startMs: number) {
    this.#aheadMs = startMs - Date.now();
  }

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  monotonic(): number {
    return performance.now() + this.#aheadMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const sleeper = { dueAtMs: this.monotonic() + ms, wake: () => woken.abort() };
    this.#sleepers.add(sleeper);
    try {
      await systemClock.sleep(ms, AbortSignal.any([woken.signal, ...(signal === undefined ? [] : [signal])]));
    } catch (error) {
      if (signal?.aborted === true || !woken.signal.aborted) throw error;
    } finally {
      this.#sleepers.delete(sleeper);
    }
  }

  /** Puts time forward. */
  leap(ms: number): void {
    this.#aheadMs += ms;
    for (const { dueAtMs, wake } of this.#sleepers) if (dueAtMs <= this.monotonic()) wake();
  }
}

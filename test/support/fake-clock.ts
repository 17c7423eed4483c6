import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock } from "../../controller/runtime/clock.ts";

type Sleeper = { dueAtMs: number; wake: () => void };

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  readonly #startMs: number;
  #elapsedMs = 0;
  readonly #sleepers = new Set<Sleeper>();

  /** @param startMs what `now` says first, ms since 1970. */
  constructor(startMs: number = Date.UTC(2030, 0, 1)) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  /** How many wait. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Ms until the first that waits is due, null when none waits. */
  get nextInMs(): number | null {
    const first = this.#first();
    return first === null ? null : first.dueAtMs - this.#elapsedMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (ms <= 0) return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const sleeper = { dueAtMs: this.#elapsedMs + ms, wake: resolve };
    const onAbort = () => reject(signal?.reason);
    this.#sleepers.add(sleeper);
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await promise;
    } finally {
      this.#sleepers.delete(sleeper);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Moves time on, waking each sleeper at its own moment and letting what it starts run before the next. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#elapsedMs + ms;
    await settle();
    for (let first = this.#first(); first !== null && first.dueAtMs <= endMs; first = this.#first()) {
      this.#elapsedMs = first.dueAtMs;
      this.#sleepers.delete(first);
      first.wake();
      await settle();
    }
    this.#elapsedMs = endMs;
  }

  #first(): Sleeper | null {
    let first: Sleeper | null = null;
    for (const sleeper of this.#sleepers)
      if (first === null || sleeper.dueAtMs < first.dueAtMs) first = sleeper;
    return first;
  }
}

/** Lets everything run that waits for promises alone. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await nextTurn();
}

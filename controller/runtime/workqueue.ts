import { type Backoff, backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { DueHeap } from "./due-heap.ts";
import { type Priority, PriorityOrder, type ReadyOrder } from "./ready-order.ts";

/** What handling a key asks for: nothing more, or to be handled again after some time. */
export type Handled = { requeueAfterMs: number } | undefined;

/** Handles one key. Throwing puts the key back with a wait that grows from failure to failure. */
export type Handler = (key: string, priority: Priority) => Promise<Handled>;

/** How a queue works. */
export type WorkqueueOptions = {
  clock: Clock;
  /** Default: 100 ms, doubling up to 5 min. */
  backoff?: Backoff;
  /** From 0 to below 1; default `Math.random`. */
  random?: () => number;
  /** Default: new before resync, each first come, first served. */
  order?: ReadyOrder;
  /** Told of each failure, before the key waits. */
  onFailure?: (key: string, error: unknown, failures: number, retryInMs: number) => void;
};

/** Figures for metrics and for telling whether the queue still turns. */
export type WorkqueueStats = {
  /** Keys that wait for a worker. */
  ready: number;
  /** How long the one of them that has waited longest has waited; 0 when none waits. */
  oldestReadyMs: number;
  /** Keys in a worker's hands. */
  working: number;
  /** How long the one that has been in hand longest has been so; 0 when none is. */
  longestInHandMs: number;
  /** Keys that wait for a moment. */
  delayed: number;
  /** Keys whose last handling failed. */
  failing: number;
  /** `add` calls that were not swallowed as duplicates, so far. */
  adds: number;
  /** Failures so far. */
  failures: number;
};

/** A key in hand: since when, and the priority to come again with, if any. */
type InHand = { readonly sinceMs: number; again: Priority | null };

type Delayed = { key: string; priority: Priority; dueAtMs: number; cancelled: boolean };

/**
 * Keys to be worked on. A key waits once however often it is added; it is never in two hands at once: added while it is
 * worked on, it comes again afterwards. Failures are retried for ever.
 */
export class Workqueue {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #random: () => number;
  readonly #order: ReadyOrder;
  readonly #onFailure: NonNullable<WorkqueueOptions["onFailure"]>;
  /** In the order in which they were handed out. */
  readonly #working = new Map<string, InHand>();
  /** Keys that wait for a worker, and since when; in the order in which they came. */
  readonly #readySinceMs = new Map<string, number>();
  readonly #failures = new Map<string, number>();
  readonly #heap = new DueHeap<Delayed>();
  /** The live entry of a key in the heap, apart for retries and for `addAfter`. */
  readonly #retries = new Map<string, Delayed>();
  readonly #timers = new Map<string, Delayed>();
  /** Workers with empty hands. */
  #idle: (() => void)[] = [];
  /** Ends the sleep until the earliest delayed key. */
  #wakeTimer: () => void = () => undefined;
  #adds = 0;
  #failed = 0;
  /** So many keys may be worked on at once, beside those whose handling waits for somebody else. */
  #places = 0;
  #lent = 0;

  constructor(options: WorkqueueOptions) {
    this.#clock = options.clock;
    this.#backoff = options.backoff ?? { baseMs: 100, capMs: 5 * 60_000 };
    this.#random = options.random ?? Math.random;
    this.#order = options.order ?? new PriorityOrder();
    this.#onFailure = options.onFailure ?? (() => undefined);
  }

  get stats(): WorkqueueStats {
    const nowMs = this.#clock.monotonic();
    const [oldestMs = nowMs] = this.#readySinceMs.values();
    const [longest] = this.#working.values();
    return {
      ready: this.#order.size,
      oldestReadyMs: nowMs - oldestMs,
      working: this.#working.size,
      longestInHandMs: nowMs - (longest?.sinceMs ?? nowMs),
      delayed: this.#retries.size + this.#timers.size,
      failing: this.#failures.size,
      adds: this.#adds,
      failures: this.#failed,
    };
  }

  /** Wants the key handled soon. Does not wait for the end of a key's backoff. */
  add(key: string, priority: Priority = "new"): void {
    const held = this.#working.get(key);
    if (held !== undefined) {
      if (held.again === null) this.#adds += 1;
      if (held.again !== "new") held.again = priority;
      return;
    }
    if (!this.#readySinceMs.has(key)) this.#adds += 1;
    this.#ready(key, priority);
  }

  /** Wants the key handled after some time. Of several such wishes for a key the earliest counts. */
  addAfter(key: string, ms: number, priority: Priority = "resync"): void {
    this.#delay(this.#timers, key, ms, priority);
  }

  /** How often the key failed in a row. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /** Forgets the key's failures and the retry that waits. Success does it by itself. */
  forget(key: string): void {
    this.#failures.delete(key);
    this.#cancel(this.#retries, key);
  }

  /**
   * Has another key worked on while the handling of one waits for somebody else, so that those who wait do not hold up
   * all others. To be called by a handler, once at a time.
   * @param wait what is waited for; work of our own does not belong there.
   * @returns what it gives, also when there is no place left to lend.
   */
  async lendPlace<T>(wait: () => Promise<T>): Promise<T> {
    this.#lent += 1;
    this.#idle.shift()?.();
    try {
      return await wait();
    } finally {
      this.#lent -= 1;
    }
  }

  /**
   * Works the queue with so many workers until the signal aborts. One run at a time.
   * @param spare so many more keys may be in hand while as many wait for somebody else (`lendPlace`).
   * @returns when all work that was under way has ended; keys that wait stay in the queue.
   */
  async run(workers: number, handle: Handler, signal: AbortSignal, spare = 0): Promise<void> {
    this.#places = workers;
    const wakeAll = () => {
      for (const wake of this.#idle.splice(0)) wake();
      this.#wakeTimer();
    };
    signal.addEventListener("abort", wakeAll, { once: true });
    await Promise.all([
      this.#releaseDue(signal),
      ...Array.from({ length: workers + spare }, () => this.#work(handle, signal)),
    ]);
    signal.removeEventListener("abort", wakeAll);
  }

  async #work(handle: Handler, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const next = this.#working.size - this.#lent < this.#places ? this.#order.take() : null;
      if (next === null) {
        await new Promise<void>((resolve) => this.#idle.push(resolve));
        continue;
      }
      await this.#handOut(next.key, next.priority, handle);
    }
  }

  async #handOut(key: string, priority: Priority, handle: Handler): Promise<void> {
    this.#readySinceMs.delete(key);
    this.#working.set(key, { sinceMs: this.#clock.monotonic(), again: null });
    // This handling is the retry, or makes it needless.
    this.#cancel(this.#retries, key);
    try {
      const handled = await handle(key, priority);
      this.forget(key);
      if (handled !== undefined) this.addAfter(key, handled.requeueAfterMs);
    } catch (error) {
      this.#retry(key, priority, error);
    } finally {
      this.#handBack(key);
    }
  }

  #handBack(key: string): void {
    const again = this.#working.get(key)?.again ?? null;
    this.#working.delete(key);
    this.#order.done(key);
    // Counted when it was added.
    if (again !== null) this.#ready(key, again);
    // A key of the same group may be taken now.
    else if (this.#order.size > 0) this.#idle.shift()?.();
  }

  #ready(key: string, priority: Priority): void {
    if (!this.#readySinceMs.has(key)) this.#readySinceMs.set(key, this.#clock.monotonic());
    this.#order.put(key, priority);
    this.#idle.shift()?.();
  }

  #retry(key: string, priority: Priority, error: unknown): void {
    const failures = this.failures(key) + 1;
    const waitMs = backoffMs(failures, this.#backoff, this.#random);
    this.#failures.set(key, failures);
    this.#failed += 1;
    this.#delay(this.#retries, key, waitMs, priority);
    this.#onFailure(key, error, failures, waitMs);
  }

  #delay(kind: Map<string, Delayed>, key: string, ms: number, priority: Priority): void {
    const dueAtMs = this.#clock.monotonic() + Math.max(0, ms);
    const held = kind.get(key);
    if (held !== undefined && held.dueAtMs <= dueAtMs) return;
    this.#cancel(kind, key);
    const delayed: Delayed = { key, priority, dueAtMs, cancelled: false };
    kind.set(key, delayed);
    this.#heap.push(delayed);
    if (this.#heap.peek() === delayed) this.#wakeTimer();
  }

  #cancel(kind: Map<string, Delayed>, key: string): void {
    const held = kind.get(key);
    if (held === undefined) return;
    held.cancelled = true;
    kind.delete(key);
  }

  /** Moves delayed keys to the ready ones when they are due. */
  async #releaseDue(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const waitMs = this.#release();
      const woken = new AbortController();
      this.#wakeTimer = () => woken.abort();
      const aborted = new Promise<void>((resolve) =>
        woken.signal.addEventListener("abort", () => resolve(), { once: true }),
      );
      if (waitMs === null) await aborted;
      else await this.#clock.sleep(waitMs, woken.signal).catch(() => undefined);
    }
    this.#wakeTimer = () => undefined;
  }

  /** @returns ms until the next one is due, null when none waits. */
  #release(): number | null {
    for (;;) {
      const first = this.#heap.peek();
      if (first === undefined) return null;
      const waitMs = first.dueAtMs - this.#clock.monotonic();
      if (!first.cancelled && waitMs > 0) return waitMs;
      this.#heap.pop();
      if (first.cancelled) continue;
      for (const kind of [this.#retries, this.#timers])
        if (kind.get(first.key) === first) kind.delete(first.key);
      this.add(first.key, first.priority);
    }
  }
}

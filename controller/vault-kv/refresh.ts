import type { KvPath } from "../../shared/vault/kv-answer.ts";
import type { Clock } from "../runtime/clock.ts";
import { FairOrder } from "../runtime/fair-order.ts";
import { Workqueue } from "../runtime/workqueue.ts";
import type { EntryVersion } from "./entry-version.ts";

/** An entry of Vault that an object in sync was read from, in the version that was read. */
export type FollowedEntry = EntryVersion & {
  at: KvPath;
  /** How often to ask, in ms. */
  everyMs: number;
};

/** What asking takes, and whom it tells. */
export type RefreshParts = {
  clock: Clock;
  /** From 0 to below 1. */
  random: () => number;
  /**
   * Whether that version is still the one to read.
   * @throws where that cannot be told.
   */
  isUnchanged: (namespace: string, entry: FollowedEntry, signal: AbortSignal) => Promise<boolean>;
  /** An object's entry is another by now, or nobody can tell: the object is to be looked at. */
  onChange: (key: string) => void;
};

/** `hasTurn`: its namespace's pace allows it when it is due. */
type Point = { key: string; entry: FollowedEntry; dueAtMs: number; hasTurn: boolean };

/** Entries that are asked about at once, and of one namespace: however slow Vault is, reconciling does not wait for it. */
const POLLS_AT_ONCE = 4;
const POLLS_OF_A_NAMESPACE = 2;
/** A namespace with ever so many entries has one asked about each so many ms, after a burst. */
const PACE_MS = 50;
const BURST = 20;
const MOST_PACED = 1000;
/** Intervals differ by so much, so that what was read together is not asked about together. */
const JITTER = 0.1;
/** What a process finds in sync when it starts is asked about within this time. */
const SPREAD_AT_START_MS = 60_000;

/** Asks Vault now and then whether objects in sync still have the newest versions. Nothing is read and nothing written here. */
export class Refresh {
  readonly #parts: RefreshParts;
  readonly #queue: Workqueue;
  /** By object and number of the entry. */
  readonly #points = new Map<string, Point>();
  readonly #counts = new Map<string, number>();
  /** When the next turn of a namespace is, in ms of the clock. */
  readonly #turns = new Map<string, number>();

  constructor(parts: RefreshParts) {
    this.#parts = parts;
    this.#queue = new Workqueue({
      clock: parts.clock,
      random: parts.random,
      order: new FairOrder({ groupOf: namespaceOf, mostInHand: POLLS_OF_A_NAMESPACE }),
    });
  }

  /**
   * Follows the entries of an object from now on, in place of those it had.
   * @param key `namespace/name`.
   * @param read whether they were read just now; else they are asked about soon.
   */
  follow(key: string, entries: readonly FollowedEntry[], { read }: { read: boolean }): void {
    this.drop(key);
    const { clock, random } = this.#parts;
    for (const [at, entry] of entries.entries()) {
      const waitMs = read ? this.#interval(entry) : random() * Math.min(entry.everyMs, SPREAD_AT_START_MS);
      const id = idOf(key, at);
      this.#points.set(id, { key, entry, dueAtMs: clock.monotonic() + waitMs, hasTurn: false });
      this.#queue.addAfter(id, waitMs);
    }
    if (entries.length > 0) this.#counts.set(key, entries.length);
  }

  /** Follows an object no longer. */
  drop(key: string): void {
    for (let at = (this.#counts.get(key) ?? 0) - 1; at >= 0; at--) this.#points.delete(idOf(key, at));
    this.#counts.delete(key);
  }

  /** Asks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await this.#queue.run(POLLS_AT_ONCE, (id) => this.#ask(id, signal), signal);
  }

  async #ask(id: string, signal: AbortSignal): Promise<{ requeueAfterMs: number } | undefined> {
    const { clock, isUnchanged, onChange } = this.#parts;
    const point = this.#points.get(id);
    if (point === undefined) return undefined;
    const earlyMs = point.dueAtMs - clock.monotonic();
    // The wake-up is one of an earlier look at the object.
    if (earlyMs > 0) return { requeueAfterMs: earlyMs };
    const { key, entry } = point;
    if (!point.hasTurn) {
      point.dueAtMs = this.#turnOf(namespaceOf(key));
      const waitMs = point.dueAtMs - clock.monotonic();
      point.hasTurn = true;
      if (waitMs > 0) return { requeueAfterMs: waitMs };
    }
    point.hasTurn = false;
    const unchanged = await isUnchanged(namespaceOf(key), entry, signal).catch(() => false);
    // It may have been looked at meanwhile.
    if (signal.aborted || this.#points.get(id) !== point) return undefined;
    if (unchanged) {
      const waitMs = this.#interval(entry);
      point.dueAtMs = clock.monotonic() + waitMs;
      return { requeueAfterMs: waitMs };
    }
    this.drop(key);
    onChange(key);
    return undefined;
  }

  /** The next free moment of a namespace, which is taken then. */
  #turnOf(namespace: string): number {
    const nowMs = this.#parts.clock.monotonic();
    if (this.#turns.size >= MOST_PACED)
      for (const [other, atMs] of this.#turns) if (atMs <= nowMs) this.#turns.delete(other);
    const atMs = Math.max(nowMs - (BURST - 1) * PACE_MS, this.#turns.get(namespace) ?? 0);
    this.#turns.set(namespace, atMs + PACE_MS);
    return atMs;
  }

  #interval({ everyMs }: FollowedEntry): number {
    return everyMs * (1 - JITTER + 2 * JITTER * this.#parts.random());
  }
}

function idOf(key: string, at: number): string {
  return `${key}#${at}`;
}

function namespaceOf(id: string): string {
  return id.slice(0, id.indexOf("/"));
}

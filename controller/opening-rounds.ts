import type { Clock } from "./runtime/clock.ts";

/** What goes round. */
export type OpeningRoundsParts = {
  clock: Pick<Clock, "monotonic" | "sleep">;
  /** Keys `namespace/name` of the objects that are to be checked now. */
  keys: () => readonly string[];
  /** Those of them that did not open when they were checked last. */
  failing: () => readonly string[];
  /** Fingerprints of the sealing keys at hand. */
  sealingKeys: () => readonly string[];
  /** Whether there is more important work. */
  busy: () => boolean;
  check: (key: string, signal: AbortSignal) => Promise<unknown>;
  /** In which every object comes once, ms. */
  periodMs: number;
  /** From 0 to below 1. */
  random?: () => number;
};

/** After a key was taken out, every object is looked at within so long: what it alone opened shall not wait for days. */
const HURRIED_MS = 3_600_000;
/** Rests so many times as long as a check took: a fiftieth of one core at most, the API server's answers included. */
const REST_FACTOR = 49;
/** Looks so often whether a key was taken out, or other work is done. */
const LOOK_MS = 10_000;
const BUSY_MS = 1000;
/** Where there is nothing to check, there may be soon. */
const EMPTY_MS = 300_000;
/** Whoever comes to lead has other things to do first. */
const SETTLING_MS = 600_000;

/** Has one object after the other checked, spread evenly over the period, and only while there is nothing else to do. */
export class OpeningRounds {
  readonly #parts: OpeningRoundsParts;
  #known: ReadonlySet<string> = new Set();

  constructor(parts: OpeningRoundsParts) {
    this.#parts = parts;
  }

  /** Goes round until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { periodMs } = this.#parts;
    this.#known = new Set(this.#parts.sealingKeys());
    let isHurried = false;
    try {
      if (!(await this.#wait(Math.min(SETTLING_MS, periodMs), signal))) isHurried = true;
      // Whoever leads for a short time only is not to begin with the same ones each time.
      for (let isFirst = !isHurried; !signal.aborted; isFirst = false) {
        const lasts: number = isHurried ? Math.min(HURRIED_MS, periodMs) : periodMs;
        isHurried = !(await this.#round(lasts, isFirst, signal));
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** @returns false when a sealing key was taken out before the round had ended, so that all has to be looked at anew. */
  async #round(lastsMs: number, isFirst: boolean, signal: AbortSignal): Promise<boolean> {
    const { check, clock, keys, random = Math.random } = this.#parts;
    const all = keys();
    if (all.length === 0) return this.#wait(Math.min(lastsMs, EMPTY_MS), signal);
    const restMs = lastsMs / all.length;
    const first = isFirst ? Math.floor(random() * all.length) : 0;
    const inTurn = [...all.slice(first), ...all.slice(0, first)];
    let waitMs = isFirst ? restMs * random() : 0;
    for (const key of inTurn) {
      if (!(await this.#wait(waitMs, signal))) return false;
      const began = clock.monotonic();
      await check(key, signal);
      waitMs = Math.max(restMs, REST_FACTOR * (clock.monotonic() - began));
    }
    return this.#wait(waitMs, signal);
  }

  /** Waits so long, and then until nothing else is to be done. @returns false when a sealing key was taken out. */
  async #wait(ms: number, signal: AbortSignal): Promise<boolean> {
    const { busy, clock } = this.#parts;
    const until = clock.monotonic() + ms;
    for (;;) {
      const { lost, gained } = this.#keyChange();
      if (lost) return false;
      if (gained) await this.#checkFailing(signal);
      const left = until - clock.monotonic();
      if (left <= 0 && !busy()) return true;
      await clock.sleep(left > 0 ? Math.min(left, LOOK_MS) : BUSY_MS, signal);
    }
  }

  /** A new key may open them. */
  async #checkFailing(signal: AbortSignal): Promise<void> {
    const { check, clock, failing } = this.#parts;
    for (const key of failing()) {
      const began = clock.monotonic();
      await check(key, signal);
      await clock.sleep(REST_FACTOR * (clock.monotonic() - began), signal);
    }
  }

  #keyChange(): { lost: boolean; gained: boolean } {
    const before = this.#known;
    const now = new Set(this.#parts.sealingKeys());
    this.#known = now;
    const isMissing = (there: ReadonlySet<string>) => (one: string) => !there.has(one);
    return { lost: [...before].some(isMissing(now)), gained: [...now].some(isMissing(before)) };
  }
}

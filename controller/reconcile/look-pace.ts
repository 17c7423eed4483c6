import { type Backoff, doubledMs } from "../runtime/backoff.ts";

/** So many looks in a row are taken at once; each further one is made to wait. */
export const FREE_LOOKS = 3;
const PAUSE: Backoff = { baseMs: 1000, capMs: 300_000 };
/** After so long without a look the next one is the first again. */
const QUIET_MS = 2 * PAUSE.capMs;

type Row = { looks: number; repairs: number; lastAtMs: number };

/**
 * How soon an object is looked at for a change of its Secret. Somebody else may write that Secret without end, and
 * each look costs private-key work; so looks that follow each other are spaced, doubling from 1 s to 5 minutes.
 */
export class LookPace {
  readonly #nowMs: () => number;
  readonly #rows = new Map<string, Row>();

  /** @param nowMs milliseconds of a clock that never runs backwards. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Milliseconds until the next look at an object; 0 when it may be looked at now. */
  waitMs(key: string): number {
    const { looks, lastAtMs } = this.#row(key);
    if (looks < FREE_LOOKS) return 0;
    const pauseMs = doubledMs(looks - FREE_LOOKS, PAUSE);
    return Math.max(0, lastAtMs + pauseMs - this.#nowMs());
  }

  /** Notes that a look begins. */
  looked(key: string): void {
    const { looks, repairs } = this.#row(key);
    this.#rows.set(key, { looks: looks + 1, repairs, lastAtMs: this.#nowMs() });
  }

  /**
   * Notes that a look ended in a repair.
   * @returns how many there were in a row.
   */
  repaired(key: string): number {
    const row = this.#row(key);
    this.#rows.set(key, { ...row, repairs: row.repairs + 1 });
    return row.repairs + 1;
  }

  /** Drops what is remembered of an object that is gone. */
  forget(key: string): void {
    this.#rows.delete(key);
  }

  #row(key: string): Row {
    const row = this.#rows.get(key);
    if (row !== undefined && this.#nowMs() - row.lastAtMs <= QUIET_MS) return row;
    return { looks: 0, repairs: 0, lastAtMs: this.#nowMs() };
  }
}

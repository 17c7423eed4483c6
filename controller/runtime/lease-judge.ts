import type { Clock } from "./clock.ts";
import { type Lease, type LeaseWriter, microTime } from "./lease.ts";

/** What others write into the record is waited for, so there must be an end. */
export const LONGEST_LEASE_MS = 3_600_000;

/** More tries of ours without an answer are not remembered. */
const MOST_TRIES = 100;

/** Says of a lease whether this candidate may take it, by what the process has seen itself. */
export class LeaseJudge {
  readonly #clock: Clock;
  readonly #identity: string;
  readonly #durationMs: number;
  /** The last record, since when it stands as far as we saw, and how long it must have stood. */
  #seen: { record: string; atMs: number; waitMs: number } | null = null;
  /** Renew times of our last record that is known to stand, and of those we tried to write since. */
  #ours: string[] = [];
  #written = 0;

  /** @param durationMs how long a silent holder is waited for, at least. */
  constructor(clock: Clock, identity: string, durationMs: number) {
    this.#clock = clock;
    this.#identity = identity;
    this.#durationMs = durationMs;
  }

  /**
   * Whether the lease is free, or its holder silent for too long: by the time since *this process* saw the record change.
   * What the record says of time is from a clock that may be wrong.
   * @param lease as it stands at this moment, since a process that was stopped for a while remembers an old one; null when
   * there is none.
   */
  mayTake(lease: Lease | null): boolean {
    const nowMs = this.#clock.monotonic();
    // Where there was none from the first look on, nobody leads. One that went away may have a leader still.
    if (lease === null && this.#seen === null) return true;
    const record = lease?.record ?? "";
    if (this.#seen?.record !== record) {
      // Its holder may have been started with a longer duration than we were.
      const theirsMs = Math.min(lease?.durationMs ?? 0, LONGEST_LEASE_MS);
      this.#seen = { record, atMs: nowMs, waitMs: Math.max(this.#durationMs, theirsMs) };
    }
    if (lease !== null && (lease.isFree || this.isOurs(lease))) return true;
    return nowMs - this.#seen.atMs >= this.#seen.waitMs;
  }

  /**
   * Whether the record is one that we wrote in an earlier term, or by a request whose answer was lost. Our name alone does not
   * do: somebody may have put it there over a leader's, or an old state of the cluster may be back.
   */
  isOurs({ holder, renewTime }: Lease): boolean {
    return holder === this.#identity && renewTime !== null && this.#ours.includes(renewTime);
  }

  /** Remembers what a request showed. */
  saw(lease: Lease): void {
    if (lease.holder === this.#identity) {
      const known = lease.renewTime === null ? -1 : this.#ours.indexOf(lease.renewTime);
      if (known > 0) this.#ours.splice(0, known);
    } else this.#ours = [];
  }

  /** Ms until a record that stays as it is may be taken; null when none was seen. */
  get leftMs(): number | null {
    return this.#seen === null ? null : this.#seen.atMs + this.#seen.waitMs - this.#clock.monotonic();
  }

  /** For the next record that we try to write. */
  nextWriter(): LeaseWriter {
    this.#written += 1;
    const at = microTime(this.#clock.now(), this.#written);
    this.#ours = [...this.#ours.slice(1 - MOST_TRIES), at];
    return { identity: this.#identity, durationMs: this.#durationMs, at };
  }
}

import type { Clock } from "./clock.ts";
import { type Lease, type LeaseWriter, microTime } from "./lease.ts";

/** What others write into the record is waited for, so there must be an end. */
export const LONGEST_LEASE_MS = 3_600_000;

/** More tries of ours without an answer are not remembered. */
const MOST_TRIES = 100;

/** The last record, since when it stands as far as we saw, and how long it must have stood to be taken. */
type Seen = { record: string; atMs: number; waitMs: number };

/** Says of a lease whether this candidate may take it, by what the process has seen itself. */
export class LeaseJudge {
  readonly #clock: Clock;
  readonly #identity: string;
  readonly #durationMs: number;
  #seen: Seen | null = null;
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
    const seen = this.#look(lease);
    // Where there was none from the first look on, nobody leads. One that went away may have a leader still.
    if (seen === null || lease?.isFree === true || (lease !== null && this.isOurs(lease))) return true;
    return this.#clock.monotonic() - seen.atMs >= seen.waitMs;
  }

  /**
   * Whether the record is one that we wrote in an earlier term, or by a request whose answer was lost. Our name alone does not
   * do: somebody may have put it there over a leader's, or an old state of the cluster may be back.
   */
  isOurs({ holder, renewTime }: Lease): boolean {
    return holder === this.#identity && renewTime !== null && this.#ours.includes(renewTime);
  }

  /** Remembers what a request showed, while we lead, too: what stood before then must count as new when it is back. */
  saw(lease: Lease | null): void {
    this.#look(lease);
    if (lease === null) return;
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

  #look(lease: Lease | null): Seen | null {
    if (lease === null && this.#seen === null) return null;
    const record = lease?.record ?? "";
    if (this.#seen?.record === record) return this.#seen;
    // Its holder may have been started with a longer duration than we were.
    const theirsMs = Math.min(lease?.durationMs ?? 0, LONGEST_LEASE_MS);
    const waitMs = Math.max(this.#durationMs, theirsMs);
    this.#seen = { record, atMs: this.#clock.monotonic(), waitMs };
    return this.#seen;
  }
}

import type { Clock } from "./clock.ts";
import { type Lease, type LeaseWriter, releasedLease, renewedLease } from "./lease.ts";
import { isStatus, type LeaseClient, type Patience } from "./lease-client.ts";
import {
  type AnnotationChange,
  changedFrom,
  type LeaseAnnotations,
  NotLeadingError,
  type Term,
} from "./term.ts";

/** A moment by both clocks. */
export type Moment = { monotonicMs: number; wallMs: number };

/** What a term needs of the election it comes from. */
export type LeaseTermOptions = {
  leases: LeaseClient;
  clock: Clock;
  /** Ours. */
  identity: string;
  /** For the record of a writing at this moment. */
  writer: () => LeaseWriter;
  renewDeadlineMs: number;
  /** How long one request is waited for, at most. */
  requestMs: number;
  /** Told of the lease whenever it was read or written; null when it is gone. */
  onSeen: (lease: Lease | null) => void;
};

/** A conflict is answered by reading and writing again at once, so often. */
const MOST_CONFLICTS = 3;
/** How long giving a lease back is tried. */
export const RELEASE_BOUND_MS = 3_000;
const RELEASE_PAUSE_MS = 200;

/**
 * One spell of leading by a Lease.
 *
 * It holds for the renew deadline, counted from the *start* of the last request that renewed it: the others count the lease
 * duration, which is longer, from when they saw its product, which is later. So this process knows that it is over before
 * anyone else may begin. Both clocks are asked and the greater time counts: the monotonic one stands still while the machine is
 * suspended, the wall clock may be set back; neither must let a process that slept believe in its term. A wall clock set
 * forward ends a term too early, which costs a moment and harms nobody.
 */
export class LeaseTerm implements Term {
  readonly #options: LeaseTermOptions;
  readonly #ending = new AbortController();
  /** As last read or written. */
  #lease: Lease;
  #isMissing = false;
  #renewedAt: Moment;
  /** The last of the writings, which wait for one another: each needs the resourceVersion of the one before. */
  #lastTurn: Promise<void> = Promise.resolve();

  /**
   * @param lease what the request that began the term left.
   * @param begunAt when that request was sent.
   */
  constructor(lease: Lease, begunAt: Moment, options: LeaseTermOptions) {
    this.#lease = lease;
    this.#renewedAt = begunAt;
    this.#options = options;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get annotations(): LeaseAnnotations {
    return this.#lease.annotations;
  }

  /** Ms until it ends unless it is renewed; not above 0 when it is over. */
  get leftMs(): number {
    if (this.signal.aborted) return 0;
    const { clock, renewDeadlineMs } = this.#options;
    const { monotonicMs, wallMs } = this.#renewedAt;
    return renewDeadlineMs - Math.max(clock.monotonic() - monotonicMs, clock.now() - wallMs);
  }

  holds(): boolean {
    // Once it said no it is over for good: what was refused by then would be missing otherwise.
    if (!this.signal.aborted && this.leftMs <= 0) this.end();
    return !this.signal.aborted;
  }

  /** Ends it, without giving the lease back. */
  end(): void {
    this.#ending.abort(new NotLeadingError());
  }

  /**
   * Renews it once.
   * @throws NotLeadingError when it is over; what a failed request throws.
   */
  renew(): Promise<void> {
    return this.#inTurn(() => this.#write({}));
  }

  annotate(change: AnnotationChange): Promise<void> {
    return this.#inTurn(() => this.#write(change));
  }

  /**
   * Gives the lease back if it is still ours, for at most three seconds. To be called when it is over and the work has ended.
   * @throws what the last failed request threw.
   */
  async release(): Promise<void> {
    const { clock, leases, identity, writer } = this.#options;
    const endMs = clock.monotonic() + RELEASE_BOUND_MS;
    const patience = () => ({ withinMs: endMs - clock.monotonic() });
    await this.#lastTurn;
    for (let tries = 0; ; tries++) {
      try {
        if (tries > 0) {
          const lease = await leases.read(patience());
          if (lease !== null) this.#saw(lease);
          if (lease?.holder !== identity) return;
        }
        this.#saw(await leases.replace(releasedLease(this.#lease, writer().at), patience()));
        return;
      } catch (error) {
        if (isStatus(error, 404)) return;
        if (endMs - clock.monotonic() <= RELEASE_PAUSE_MS) throw error;
        await clock.sleep(RELEASE_PAUSE_MS);
      }
    }
  }

  async #inTurn(write: () => Promise<void>): Promise<void> {
    const turn = this.#lastTurn.then(write);
    this.#lastTurn = turn.catch(() => undefined);
    return turn;
  }

  async #write(change: AnnotationChange): Promise<void> {
    const { leases, writer } = this.#options;
    for (let conflicts = 0; ; conflicts++) {
      if (!this.holds()) throw new NotLeadingError();
      const startedAt = momentOf(this.#options.clock);
      const object = renewedLease(this.#lease, writer(), changedFrom(this.annotations, change));
      const patience = this.#patience();
      try {
        const written = this.#isMissing
          ? await leases.create(object, patience)
          : await leases.replace(object, patience);
        this.#saw(written);
        // An answer that came after the deadline comes too late, even if nobody has noticed yet.
        if (!this.holds()) throw new NotLeadingError();
        this.#renewedAt = startedAt;
        return;
      } catch (error) {
        if (this.signal.aborted) throw new NotLeadingError();
        if (!(isStatus(error, 409) || isStatus(error, 404)) || conflicts === MOST_CONFLICTS) throw error;
      }
      await this.#readAgain();
    }
  }

  /** After a conflict. @throws NotLeadingError when somebody else has the lease by now. */
  async #readAgain(): Promise<void> {
    const lease = await this.#options.leases.read(this.#patience());
    this.#isMissing = lease === null;
    if (lease === null) return this.#options.onSeen(null);
    this.#saw(lease);
    if (lease.holder === this.#options.identity) return;
    this.end();
    throw new NotLeadingError();
  }

  #patience(): Patience {
    return { withinMs: Math.min(this.leftMs, this.#options.requestMs), signal: this.signal };
  }

  #saw(lease: Lease): void {
    this.#isMissing = false;
    this.#lease = lease;
    this.#options.onSeen(lease);
  }
}

/** This moment. */
export function momentOf(clock: Clock): Moment {
  return { monotonicMs: clock.monotonic(), wallMs: clock.now() };
}

import { Budget } from "../budget.ts";

/** Milliseconds that reading bodies may take at once, and of each second: of one peer, and of all together. */
const OF_PEER = { burst: 500, aSecond: 50 };
const OF_ALL = { burst: 3000, aSecond: 200 };
/**
 * What the machine gives to others meanwhile counts as well, since health checks wait for it, but no more than this many
 * times the work: a machine that stands still is no peer's doing.
 */
const MOST_OF_WORK = 4;
const PEERS = 4096;
const ALL = "all";

/**
 * Bounds the time for which reading bodies holds the one thread that answers health checks and keeps the lease: a
 * text of two megabytes can be made to take a second.
 */
export class ReadingTime {
  readonly #now: () => number;
  readonly #worked: () => number;
  readonly #ofPeer: Budget;
  readonly #ofAll: Budget;

  /**
   * @param now milliseconds.
   * @param worked milliseconds for which this thread has had a processor.
   */
  constructor(now: () => number, worked: () => number = threadTime) {
    this.#now = now;
    this.#worked = worked;
    this.#ofPeer = new Budget({
      burst: OF_PEER.burst,
      refillMs: 1000 / OF_PEER.aSecond,
      holders: PEERS,
      now,
    });
    this.#ofAll = new Budget({ burst: OF_ALL.burst, refillMs: 1000 / OF_ALL.aSecond, holders: 1, now });
  }

  /**
   * Reads for a peer.
   * @returns what was read, or null at once when the peer, or all together, have had their time.
   */
  run<T>(peer: string, read: () => T): { read: T } | null {
    if (this.#ofPeer.left(peer) <= 0 || this.#ofAll.left(ALL) <= 0) return null;
    const [began, before] = [this.#now(), this.#worked()];
    try {
      return { read: read() };
    } finally {
      const took = Math.min(this.#now() - began, MOST_OF_WORK * (this.#worked() - before));
      this.#ofPeer.spend(peer, took);
      this.#ofAll.spend(ALL, took);
    }
  }
}

function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

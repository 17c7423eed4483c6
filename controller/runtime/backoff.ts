/** How waits grow from failure to failure. */
export type Backoff = {
  /** First wait, before jitter. */
  baseMs: number;
  /** No wait is longer. */
  capMs: number;
};

/** From here on a doubling of 1 ms is above every cap. */
const MOST_DOUBLINGS = 52;

/**
 * A wait that doubles up to the cap, without jitter.
 * @param doublings how often it has doubled: 0 gives the first wait. At least 0.
 */
export function doubledMs(doublings: number, { baseMs, capMs }: Backoff): number {
  return Math.min(capMs, baseMs * 2 ** Math.min(doublings, MOST_DOUBLINGS));
}

/**
 * How long to wait after a failure: doubles each time up to the cap; the upper half of the wait is random, so that what
 * failed together does not come back together.
 * @param failures how many in a row, at least 1.
 * @param random from 0 to below 1.
 */
export function backoffMs(failures: number, backoff: Backoff, random: () => number): number {
  return doubledMs(failures - 1, backoff) * (0.5 + random() / 2);
}

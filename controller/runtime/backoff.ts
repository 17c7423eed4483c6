/** How waits grow from failure to failure. */
export type Backoff = {
  /** First wait, before jitter. */
  baseMs: number;
  /** No wait is longer. */
  capMs: number;
};

/**
 * How long to wait after a failure: doubles each time up to the cap; the upper half of the wait is random, so that what
 * failed together does not come back together.
 * @param failures how many in a row, at least 1.
 * @param random from 0 to below 1.
 */
export function backoffMs(failures: number, { baseMs, capMs }: Backoff, random: () => number): number {
  const full = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 52));
  return full * (0.5 + random() / 2);
}

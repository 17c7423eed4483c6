/**
 * How long until a new sealing key is due.
 * @param periodMs renewal period; 0 switches renewal off.
 * @param newest when the newest key came to be, null when there is none.
 * @returns milliseconds from `now`, 0 when due or overdue; null for never.
 */
export function renewalDueInMs(periodMs: number, newest: Date | null, now: Date): number | null {
  if (newest === null) return 0;
  if (periodMs === 0) return null;
  return Math.max(0, newest.getTime() + periodMs - now.getTime());
}

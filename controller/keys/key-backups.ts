import type { KeyRing, ListedKey } from "./key-ring.ts";

/**
 * The keys whose renewal is due, or past, and of which no backup is confirmed: with their Secrets, all that was sealed
 * under them would be lost.
 * @param periodMs renewal period; 0 switches renewal off, and no key is due.
 */
export function keysWithoutBackup(ring: KeyRing, periodMs: number, now: Date): ListedKey[] {
  if (periodMs === 0) return [];
  const isDue = (key: ListedKey) => ring.timeOf(key).getTime() + periodMs <= now.getTime();
  return ring.listed.filter((key) => !key.marks.isBackedUp && isDue(key));
}

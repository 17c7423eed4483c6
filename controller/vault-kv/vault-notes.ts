import { mapOf } from "./map-of.ts";

/** What `status.vault` keeps of the last success: which version each item was read in, and when a value was last written. */
export type VaultNotes = {
  items: Record<string, { version: number; lastSyncTime: string }>;
};

/**
 * The notes of an object in sync.
 * @param versions by item; none for an object without references.
 * @param before what the status says so far; may be anything, since others may write it.
 * @param changed whether the Secret was written just now.
 * @param now RFC 3339 time, whole seconds.
 * @returns null where there is nothing to note.
 */
export function vaultNotes(
  versions: ReadonlyMap<string, number>,
  before: unknown,
  { changed, now }: { changed: boolean; now: string },
): VaultNotes | null {
  if (versions.size === 0) return null;
  const earlier = itemsOf(before);
  const items = [...versions].map(([item, version]) => {
    const noted = earlier.get(item);
    // A new version of the entry may have left this field alone.
    const stands = noted !== undefined && (noted.version === version || !changed);
    return [item, { version, lastSyncTime: stands ? noted.lastSyncTime : now }] as const;
  });
  return { items: Object.fromEntries(items) };
}

/** The versions that a status claims, by item. What is no such note is left out. */
export function versionsIn(said: unknown): ReadonlyMap<string, number> {
  return new Map([...itemsOf(said)].map(([item, { version }]) => [item, version]));
}

function itemsOf(said: unknown): Map<string, { version: number; lastSyncTime: string }> {
  const notes = new Map<string, { version: number; lastSyncTime: string }>();
  for (const [item, note] of Object.entries(mapOf(mapOf(said)["items"]))) {
    const { version, lastSyncTime } = mapOf(note);
    if (typeof version !== "number" || !Number.isSafeInteger(version)) continue;
    if (typeof lastSyncTime !== "string" || !TIME.test(lastSyncTime)) continue;
    notes.set(item, { version, lastSyncTime });
  }
  return notes;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

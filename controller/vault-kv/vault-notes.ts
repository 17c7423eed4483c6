import { type EntryVersion, isSameVersion } from "./entry-version.ts";
import { mapOf } from "./map-of.ts";

/**
 * What `status.vault` keeps of the last success: which version each item was read in, when that version was made, and
 * when a value was last written.
 */
export type VaultNotes = {
  items: Record<string, { version: number; createdTime?: string; lastSyncTime: string }>;
};

type Noted = EntryVersion & { lastSyncTime: string };

/**
 * The notes of an object in sync.
 * @param versions by item; none for an object without references.
 * @param before what the status says so far; may be anything, since others may write it.
 * @param changed whether the Secret was written just now.
 * @param now RFC 3339 time, whole seconds.
 * @returns null where there is nothing to note.
 */
export function vaultNotes(
  versions: ReadonlyMap<string, EntryVersion>,
  before: unknown,
  { changed, now }: { changed: boolean; now: string },
): VaultNotes | null {
  if (versions.size === 0) return null;
  const earlier = itemsOf(before);
  const items = [...versions].map(([item, read]) => {
    const noted = earlier.get(item);
    // A new version of the entry may have left this field alone.
    const stands = noted !== undefined && (isSameVersion(noted, read) || !changed);
    const { version, createdAt } = read;
    const made = createdAt === "" ? {} : { createdTime: createdAt };
    return [item, { version, ...made, lastSyncTime: stands ? noted.lastSyncTime : now }] as const;
  });
  return { items: Object.fromEntries(items) };
}

/** The versions that a status claims, by item. What is no such note is left out. */
export function versionsIn(said: unknown): ReadonlyMap<string, EntryVersion> {
  return new Map([...itemsOf(said)].map(([item, { version, createdAt }]) => [item, { version, createdAt }]));
}

function itemsOf(said: unknown): Map<string, Noted> {
  const notes = new Map<string, Noted>();
  for (const [item, note] of Object.entries(mapOf(mapOf(said)["items"]))) {
    const { version, createdTime, lastSyncTime } = mapOf(note);
    if (typeof version !== "number" || !Number.isSafeInteger(version)) continue;
    if (typeof lastSyncTime !== "string" || !TIME.test(lastSyncTime)) continue;
    // Without it the first poll finds another version than this, and the entry is read anew.
    const createdAt = typeof createdTime === "string" && EXACT_TIME.test(createdTime) ? createdTime : "";
    notes.set(item, { version, createdAt, lastSyncTime });
  }
  return notes;
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
/** Vault's are exact to the nanosecond. */
const EXACT_TIME = /^[0-9TZ:.+-]{10,40}$/;

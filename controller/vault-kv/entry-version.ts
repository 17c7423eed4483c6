/**
 * A version of an entry as it was read. The number alone does not tell it: an entry that was removed with its metadata
 * and written anew begins at 1 again.
 */
export type EntryVersion = {
  version: number;
  /** When that version was made, as Vault has it; empty where it was never told. */
  createdAt: string;
};

/** Whether two are the same version of the same entry. */
export function isSameVersion(one: EntryVersion, other: EntryVersion): boolean {
  return one.version === other.version && one.createdAt === other.createdAt;
}

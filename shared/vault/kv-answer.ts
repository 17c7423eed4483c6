/** A secret of Vault's KV engine, version 2: where the engine is mounted and the path there, without `data/`. */
export type KvPath = { mount: string; path: string };

/**
 * A field as an item's text: a string as it is, numbers and booleans as they stand in Vault's answer, digit by digit,
 * lists and objects as JSON without white space. `null` has no text.
 */
export type KvField = { text: string | null };

/** One version of a secret. */
export type KvVersion = {
  version: number;
  /** When it was made; empty where Vault does not tell. RFC 3339. */
  createdAt: string;
  /** Null where nobody set one; a time to come is one at which Vault will delete it. RFC 3339. */
  deletedAt: string | null;
  /** Its data is gone for good. */
  destroyed: boolean;
};

/** Why a path has nothing to read. */
export type KvAbsence =
  /** Nothing was ever written there, or all of it was removed with its metadata; or that version never was. */
  | { kind: "missing" }
  /** The version was deleted; `undelete` would bring it back. */
  | { kind: "deleted"; version: number; deletedAt: string | null }
  /** The version was destroyed. */
  | { kind: "destroyed"; version: number }
  /** What is mounted there is something else: version 1 of the engine, another engine, or nothing. */
  | { kind: "not-kv-2"; found: "kv-1" | "other" | "nothing" };

/** What came of reading the values of a secret. */
export type KvRead =
  | { kind: "found"; version: number; createdAt: string; fields: ReadonlyMap<string, KvField> }
  | KvAbsence;

/** What came of reading what a secret's versions are, which takes no right to its values. */
export type KvMetadata =
  | {
      kind: "found";
      /** The one that is read when no version is asked for; 0 before the first. */
      currentVersion: number;
      /** By number. Vault forgets the oldest. */
      versions: ReadonlyMap<number, KvVersion>;
    }
  | Extract<KvAbsence, { kind: "missing" | "not-kv-2" }>;

/** What of a secret is read. */
export type KvReadOptions = {
  /** The newest when left out. */
  version?: number | undefined;
  /** What is kept of its values, which may be megabytes; all when left out. */
  fields?: ReadonlySet<string> | undefined;
  signal?: AbortSignal | undefined;
};

/**
 * Reads of Vault's KV engine, version 2. Each throws KeyServiceError: `denied` where the token may not read the path,
 * `unavailable` where Vault is sealed or does not answer (its message says which); and the signal's reason when aborted.
 */
export interface KvReader {
  readSecret(at: KvPath, options: KvReadOptions): Promise<KvRead>;
  readMetadata(at: KvPath, options: { signal?: AbortSignal | undefined }): Promise<KvMetadata>;
}

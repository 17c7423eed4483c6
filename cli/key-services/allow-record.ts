import { FileError } from "../../shared/errors.ts";
import { isKeyPattern } from "../../shared/seal/key-pattern.ts";
import type { Io } from "../io.ts";
import { changeRecord, isMap, readRecord, recordPath, type UserRecord } from "../user-record.ts";
import type { VaultPlace } from "./connector.ts";

/** A key, or keys by a pattern, that this user lets values be opened with. */
export type AllowedKey =
  | { service: "kms"; pattern: string }
  /** Beside keys, what entries of SOPS documents name: role, profile, `NAME=VALUE`; as they are, without a pattern. */
  | { service: "kms-role" | "kms-profile" | "kms-context"; pattern: string }
  | ({ service: "vault"; pattern: string } & VaultPlace);

/**
 * What this user allows: `signet/allowed-keys.json` of the folder for configuration (XDG base directory rules).
 * @throws FileError, InputError naming the file when it is there and cannot be used: what it says must not be passed over.
 */
export function readAllowedKeys(io: Io): AllowedKey[] {
  const path = recordPath(RECORD, io);
  return (path === null ? null : readRecord(path, RECORD, io)) ?? [];
}

/** Allows a key from now on. @throws FileError, InputError when it cannot be recorded. */
export function allowKey(key: AllowedKey, io: Io): void {
  changeAllowedKeys((others) => [...others, key], key, io);
}

/** Allows a key no more. @throws FileError, InputError when it cannot be recorded. */
export function disallowKey(key: AllowedKey, io: Io): void {
  changeAllowedKeys((others) => others, key, io);
}

function changeAllowedKeys(change: (others: AllowedKey[]) => AllowedKey[], key: AllowedKey, io: Io): void {
  const path = recordPath(RECORD, io);
  if (path === null) {
    throw new FileError(
      "there is no folder for what you allow",
      "set HOME, or XDG_CONFIG_HOME; a single run takes --kms-allowed-keys and --vault-allowed-keys",
    );
  }
  const keysOf = (known: AllowedKey[] | null) => change((known ?? []).filter((one) => !isSameKey(one, key)));
  const inOrder = (a: AllowedKey, b: AllowedKey) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  changeRecord(path, RECORD, (known) => keysOf(known).sort(inOrder), io);
}

/** Whether this user has a place for such a list: pipelines may run without a home. */
export function hasRecordPlace(io: Io): boolean {
  return recordPath(RECORD, io) !== null;
}

/** Whether two entries allow the same. */
export function isSameKey(a: AllowedKey, b: AllowedKey): boolean {
  if (a.service !== b.service || a.pattern !== b.pattern) return false;
  if (a.service !== "vault" || b.service !== "vault") return true;
  return a.address === b.address && a.namespace === b.namespace;
}

const RECORD: UserRecord<AllowedKey[]> = {
  file: "allowed-keys.json",
  field: "allowed",
  what: "a list of allowed keys as signet allow writes it",
  next: "allow the keys again",
  parse(field) {
    if (!Array.isArray(field)) return null;
    const keys = field.map((entry: unknown) => readEntry(entry));
    return keys.includes(null) ? null : keys.filter((key) => key !== null);
  },
};

function readEntry(entry: unknown): AllowedKey | null {
  if (!isMap(entry)) return null;
  const { service, pattern, address, namespace } = entry;
  if (typeof pattern !== "string") return null;
  if (service === "kms") return isKeyPattern("kms", pattern) ? { service, pattern } : null;
  if (service === "kms-role" || service === "kms-profile" || service === "kms-context")
    return pattern === "" ? null : { service, pattern };
  if (service !== "vault" || typeof address !== "string" || typeof namespace !== "string") return null;
  return isKeyPattern("vault", pattern) ? { service, pattern, address, namespace } : null;
}

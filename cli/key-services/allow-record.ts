import { fromUtf8 } from "../../shared/bytes.ts";
import { FileError, InputError } from "../../shared/errors.ts";
import { isKeyPattern } from "../../shared/seal/key-pattern.ts";
import { codeOf, fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";
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
  const path = recordPath(io);
  if (path === null) return [];
  let bytes: Uint8Array;
  try {
    bytes = io.files.read(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw fileFailure(`cannot read ${path}`, "check its permissions", error);
  }
  const keys = parseRecord(fromUtf8(bytes) ?? "");
  if (keys !== null) return keys;
  throw new InputError(
    `${path} is not a list of allowed keys as signet allow writes it`,
    "correct it, or remove it and allow the keys again",
  );
}

/** Puts another list in the place of the record, readable by its owner only. @throws FileError when it cannot. */
export function writeAllowedKeys(keys: readonly AllowedKey[], io: Io): void {
  const path = recordPath(io);
  if (path === null) {
    throw new FileError(
      "there is no folder for what you allow",
      "set HOME, or XDG_CONFIG_HOME; a single run takes --kms-allowed-keys and --vault-allowed-keys",
    );
  }
  const sorted = [...keys].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  try {
    io.files.makeFolder(path.slice(0, path.lastIndexOf("/")));
    io.files.replace(path, `${JSON.stringify({ allowed: sorted }, null, 2)}\n`, "owner-only");
  } catch (error) {
    throw fileFailure(`cannot write ${path}`, "check the folder and its permissions", error);
  }
}

/** Whether this user has a place for such a list: pipelines may run without a home. */
export function hasRecordPlace(io: Io): boolean {
  return recordPath(io) !== null;
}

/** Whether two entries allow the same. */
export function isSameKey(a: AllowedKey, b: AllowedKey): boolean {
  if (a.service !== b.service || a.pattern !== b.pattern) return false;
  if (a.service !== "vault" || b.service !== "vault") return true;
  return a.address === b.address && a.namespace === b.namespace;
}

function recordPath({ env }: Io): string | null {
  const config = env["XDG_CONFIG_HOME"];
  // The rules say that a relative path there is to be ignored.
  if (config?.startsWith("/") === true) return `${config}/signet/allowed-keys.json`;
  const home = env["HOME"] || env["LOCALAPPDATA"];
  return home ? `${home.replaceAll("\\", "/")}/.config/signet/allowed-keys.json` : null;
}

/** The entries of a record; null when it is none. */
function parseRecord(text: string): AllowedKey[] | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return null;
  }
  const allowed = isMap(parsed) ? parsed["allowed"] : null;
  if (!Array.isArray(allowed)) return null;
  const keys = allowed.map((entry: unknown) => readEntry(entry));
  return keys.includes(null) ? null : keys.filter((key) => key !== null);
}

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

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

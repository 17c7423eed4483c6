import { parseDurationMs } from "../../shared/duration.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { isItemName } from "../../shared/secret.ts";

/** One item of a Secret, and where in Vault's KV engine its value is. */
export type VaultReference = {
  /** Name of the item in the Secret. */
  key: string;
  /** Where the engine is mounted; may have slashes. */
  mount: string;
  /** Path of the entry below the mount, without `data/`. */
  path: string;
  /** Field of the entry that holds the value. */
  field: string;
  /** Null for the newest. */
  version: number | null;
  /** How often Vault is asked for a new version; null for the controller's own interval. */
  refreshMs: number | null;
};

/** The references of an object; or what is wrong with them, naming item and field. */
export type ReferencesRead =
  | { ok: true; references: readonly VaultReference[] }
  | { ok: false; problem: string };

/** Each costs requests to Vault, and is kept in memory. */
const MOST_REFERENCES = 64;
/** Of their mounts, paths and fields together. */
const MOST_CHARACTERS = 8192;
const LONGEST = { mount: 128, path: 512, field: 256 };
/** An interval below this would make a load of its own. */
const LEAST_REFRESH_MS = 10_000;
const MOST_REFRESH_MS = 8760 * 3_600_000;

/**
 * Reads what an object names in `spec.vault`. Nothing here asks Vault, so that whatever a path may not hold never gets
 * into a request.
 */
export function readReferences({ spec }: Pick<SealedSecret, "spec">): ReferencesRead {
  const listed = spec.vault ?? [];
  if (listed.length === 0) return { ok: true, references: [] };
  if (listed.length > MOST_REFERENCES)
    return wrong(`spec.vault: more than ${MOST_REFERENCES} items; divide them among several SealedSecrets`);
  if (spec.data !== undefined)
    return wrong("spec.vault: cannot be used with the deprecated field 'data'; seal items in encryptedData");
  const references: VaultReference[] = [];
  for (const [at, item] of listed.entries()) {
    const { key, mount, path, field, version = null, refreshInterval } = item;
    if (!isItemName(key)) return wrong(`spec.vault[${at}].key is not a name a Secret's item may have`);
    if (Object.hasOwn(spec.encryptedData, key))
      return wrong(`item ${key} stands in spec.encryptedData and in spec.vault: remove one of them`);
    const refreshMs = refreshInterval === undefined ? null : parseDurationMs(refreshInterval);
    const problem =
      problemOfMount(mount) ??
      problemOfPath(path) ??
      problemOfField(field) ??
      (version !== null && version < 1 ? "version must be 1 or more" : null) ??
      (refreshInterval === undefined ? null : problemOfInterval(refreshMs));
    if (problem !== null) return wrong(`spec.vault, item ${key}: ${problem}`);
    references.push({ key, mount, path, field, version, refreshMs });
  }
  const characters = references.reduce(
    (sum, { mount, path, field }) => sum + (mount + path + field).length,
    0,
  );
  if (characters > MOST_CHARACTERS)
    return wrong(
      `spec.vault: its mounts, paths and fields have more than ${MOST_CHARACTERS} characters; divide them among several SealedSecrets`,
    );
  return { ok: true, references };
}

function wrong(problem: string): ReferencesRead {
  return { ok: false, problem };
}

function problemOfMount(mount: string): string | null {
  const form = /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/;
  const fits = mount.length <= LONGEST.mount && form.test(mount) && !hasDots(mount);
  return fits ? null : "mount must be names of letters, digits, '_', '.', '-', with '/' between them";
}

function problemOfPath(path: string): string | null {
  if (path.length === 0 || path.length > LONGEST.path)
    return `path must have 1 to ${LONGEST.path} characters`;
  if (!/^[\p{L}\p{M}\p{N}_./=@+: -]+$/u.test(path))
    return "path must hold nothing but letters, digits, spaces and '_', '-', '.', '/', '=', '@', '+', ':'";
  if (path.split("/").some((segment) => segment === "" || segment !== segment.trim()) || hasDots(path))
    return "path must be names with one '/' between them, none of them '.' or '..', without spaces around them";
  return null;
}

function hasDots(path: string): boolean {
  return path.split("/").some((segment) => /^\.+$/.test(segment));
}

function problemOfField(field: string): string | null {
  const fits = field.length > 0 && field.length <= LONGEST.field && !/\p{C}/u.test(field);
  return fits ? null : `field must have 1 to ${LONGEST.field} characters, none of them control characters`;
}

function problemOfInterval(refreshMs: number | null): string | null {
  if (refreshMs === null) return "refreshInterval must be a duration such as 30s, 10m or 1h30m";
  if (refreshMs < LEAST_REFRESH_MS) return "refreshInterval must be 10s or more";
  return refreshMs > MOST_REFRESH_MS ? "refreshInterval must be 8760h or less" : null;
}

/** The backends a value of `spec.encryptedData` may come from. */
export type Backend = "classic" | "kms" | "vault" | "pq" | "sops";

/** Backends whose keys lie in a key service outside of the cluster. */
export type RemoteBackend = "kms" | "vault";

/** Which backend wrote a value; `unknown` carries the prefix as found. */
export type ValueForm = { backend: Backend } | { backend: "unknown"; prefix: string };

const WORD_PREFIX = /^([A-Za-z][A-Za-z0-9+.-]{0,62}):/;
const PREFIXED: ReadonlySet<string> = new Set(["kms", "vault", "pq"]);

/**
 * Tells by its form which backend wrote a value: `kms:`, `vault:`, `pq:`, `ENC[` (SOPS), another `word:` that no
 * build of ours knows, else classic (base64 without a prefix; a colon is not in its alphabet).
 */
export function formOf(value: string): ValueForm {
  if (value.startsWith("ENC[")) return { backend: "sops" };
  const prefix = WORD_PREFIX.exec(value)?.[1];
  if (prefix === undefined) return { backend: "classic" };
  return PREFIXED.has(prefix) ? { backend: prefix as Backend } : { backend: "unknown", prefix };
}

/** The key service that opens values of that form; null where none does. */
export function remoteBackend({ backend }: ValueForm): RemoteBackend | null {
  return backend === "kms" || backend === "vault" ? backend : null;
}

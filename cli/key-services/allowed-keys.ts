import { UsageError } from "../../shared/errors.ts";
import { isKeyPattern, KeyAllowList } from "../../shared/seal/key-pattern.ts";
import { shellOperand, shellWord } from "../../shared/shell-word.ts";
import type { Io } from "../io.ts";
import type { KeyServiceOptions } from "../options.ts";
import { hasRecordPlace, readAllowedKeys } from "./allow-record.ts";
import type { VaultPlace } from "./connector.ts";
import { vaultPlace } from "./vault-access.ts";

/** Keys that a document may name, for values to be opened with the user's credentials. */
export type AllowedKeys = {
  /**
   * @param key key or alias ARN, or MOUNT/KEY, as a value names it.
   * @param namespace where its object stands.
   */
  permits(key: string, namespace: string): boolean;
  /** What a user does who trusts the key: a command line to copy, with what it is for before it. */
  hintFor(key: string): string;
};

/**
 * The keys of AWS KMS that may be used: those of the flag, else those that this user has recorded.
 * @throws UsageError for what is no pattern; InputError for a record that cannot be used.
 */
export function allowedKmsKeys(options: KeyServiceOptions, io: Io): AllowedKeys {
  const given = patternsOf("kms", options);
  const recorded = () =>
    readAllowedKeys(io).flatMap(({ service, pattern }) => (service === "kms" ? [pattern] : []));
  const list = new KeyAllowList("kms", given ?? recorded());
  return {
    permits: (key, namespace) => list.permits(key, namespace),
    hintFor: (key) =>
      given === null && hasRecordPlace(io)
        ? `if you trust it, allow it: signet allow kms ${shellWord(key)}`
        : `if you trust it, name it with --kms-allowed-keys ${shellWord(key)}`,
  };
}

/** The same for Vault; what was recorded for another address, or another namespace inside Vault, does not count. */
export function allowedVaultKeys(options: KeyServiceOptions, io: Io): AllowedKeys {
  const given = patternsOf("vault", options);
  const place = vaultPlace(options, io);
  const recorded = () =>
    readAllowedKeys(io).flatMap((entry) =>
      entry.service === "vault" && entry.address === place.address && entry.namespace === place.namespace
        ? [entry.pattern]
        : [],
    );
  const list = new KeyAllowList("vault", given ?? recorded());
  return {
    permits: (key, namespace) => list.permits(key, namespace),
    hintFor: (key) =>
      given === null && hasRecordPlace(io)
        ? `if you trust it, allow it: ${allowVaultCommand(key, place)}`
        : `if you trust it, name it with --vault-allowed-keys ${shellWord(key)}`,
  };
}

/** The command that allows a key of one Vault. */
export function allowVaultCommand(pattern: string, { address, namespace }: VaultPlace): string {
  const inside = namespace === "" ? "" : ` --vault-namespace ${shellWord(namespace)}`;
  return `signet allow vault --vault-addr ${shellWord(address)}${inside} ${shellOperand(pattern)}`;
}

function patternsOf(service: "kms" | "vault", options: KeyServiceOptions): readonly string[] | null {
  const flag = `${service}-allowed-keys` as const;
  const patterns = options[flag].map((pattern) => pattern.trim()).filter((pattern) => pattern !== "");
  const unfit = patterns.find((pattern) => !isKeyPattern(service, pattern));
  if (unfit !== undefined) {
    throw new UsageError(
      `invalid value ${JSON.stringify(unfit)} for --${flag}`,
      service === "kms"
        ? "write ARNs of keys or aliases; * stands for any text between separators, {namespace} for a whole part"
        : "write MOUNT/KEY; * stands for any text between slashes, {namespace} for a whole part",
    );
  }
  return patterns.length === 0 ? null : patterns;
}

import type { RemoteBackend } from "./codec.ts";
import { KeyServiceError } from "./key-service-error.ts";

/** Which keys may be used that a document names. */
export type KeyAdmission = {
  /** @param key key or alias ARN, or MOUNT/KEY, as the value names it. */
  allowed: (key: string) => boolean;
  /** The next step for whoever meets a refusal; by default it names the controller's option. */
  refusalHint?: (key: string) => string;
};

const SERVICES: Readonly<Record<RemoteBackend, { name: string; option: string }>> = {
  kms: { name: "AWS KMS", option: "--kms-allowed-keys" },
  vault: { name: "Vault", option: "--vault-allowed-keys" },
};

/**
 * Asks the allow-list about every key; before any call, so that a refused object costs the service nothing.
 * @param keys the key each item names, by item.
 * @throws KeyServiceError (`not-allowed`) for the first that is refused, with its item and key.
 */
export function admitKeys(
  backend: RemoteBackend,
  keys: Iterable<readonly [item: string, key: string]>,
  { allowed, refusalHint }: KeyAdmission,
): void {
  const { name, option } = SERVICES[backend];
  for (const [item, key] of keys) {
    if (allowed(key)) continue;
    throw new KeyServiceError(
      "not-allowed",
      `spec.encryptedData.${item}: the ${name} key ${key} is not allowed here`,
      refusalHint?.(key) ?? `list the key in ${option}, or seal the value under a key that is listed there`,
    );
  }
}

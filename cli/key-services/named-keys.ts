import type { RemoteBackend } from "../../shared/seal/codec.ts";
import { transitKeyText } from "../../shared/seal/key-text.ts";
import { readKmsValue } from "../../shared/seal/kms-value.ts";
import { RemoteValueError } from "../../shared/seal/remote-value-error.ts";
import { readVaultValue } from "../../shared/seal/vault-value.ts";

/**
 * The key that a value of a key service names: key or alias ARN, or MOUNT/KEY.
 * @param item it stands under, for the error.
 * @throws RemoteValueError when it is none of its format.
 */
export function keyNamed(backend: RemoteBackend, item: string, value: string): string {
  return backend === "kms"
    ? readKmsValue(item, value).wrapped.key
    : transitKeyText(readVaultValue(item, value).name);
}

/** The keys that values name, with their items; `isComplete` when every value has the form of its backend. */
export function keysNamed(
  backend: RemoteBackend,
  items: ReadonlyMap<string, string>,
): { keys: [item: string, key: string][]; isComplete: boolean } {
  const keys: [string, string][] = [];
  for (const [item, value] of items) {
    try {
      keys.push([item, keyNamed(backend, item, value)]);
    } catch (error) {
      if (!(error instanceof RemoteValueError)) throw error;
    }
  }
  return { keys, isComplete: keys.length === items.size };
}

import { transitKeyText } from "./key-text.ts";
import { clusterToSealFor, placeBytes } from "./place-binding.ts";
import type { Sealer } from "./sealer.ts";
import type { TransitApi, TransitKeyName } from "./transit-api.ts";
import { encryptBound } from "./transit-binding.ts";
import { VaultKeyProofs } from "./vault-key-proofs.ts";
import { writeVaultValue } from "./vault-value.ts";

const NEVER = new AbortController().signal;

/**
 * Seals under a key of Vault's Transit engine: one call for all items of an object, and for the first object two more,
 * by which the key is known and proven.
 * @param proofs where what is known of keys is shared with others.
 * @param signal ends calls; they throw its reason then.
 */
export function vaultSealer(
  api: TransitApi,
  name: TransitKeyName,
  { proofs = new VaultKeyProofs({ now: () => performance.now() }), signal = NEVER }: VaultSealing = {},
): Sealer {
  return {
    keyId: `vault:${transitKeyText(name)}`,
    hint: null,
    async sealAll(items, binding) {
      const bound = clusterToSealFor(binding);
      if (items.size === 0) return new Map();
      const values = [...items].map(([item, plaintext]) => ({
        plaintext,
        place: placeBytes("vault:1", bound, item),
      }));
      const texts = await encryptBound(api, name, values, proofs, signal);
      return new Map(
        [...items.keys()].map((item, at) => [item, writeVaultValue({ name, ciphertext: texts[at] ?? "" })]),
      );
    },
  };
}

/** What a sealer under Vault may be given. */
export type VaultSealing = { proofs?: VaultKeyProofs; signal?: AbortSignal };

import { transitKeyText } from "./key-text.ts";
import type { TransitKeyName } from "./transit-api.ts";
import type { VaultValue } from "./vault-value.ts";

/** Items under the same key. */
export type VaultGroup = { name: TransitKeyName; ciphertexts: Map<string, string> };

/** Puts items together whose values are under the same key. */
export function groupByVaultKey(values: ReadonlyMap<string, VaultValue>): Map<string, VaultGroup> {
  const groups = new Map<string, VaultGroup>();
  for (const [item, { name, ciphertext }] of values) {
    const id = transitKeyText(name);
    const group = groups.get(id) ?? { name, ciphertexts: new Map<string, string>() };
    groups.set(id, group);
    group.ciphertexts.set(item, ciphertext);
  }
  return groups;
}

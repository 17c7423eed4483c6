import { toBase64 } from "../bytes.ts";
import { transitKeyText } from "./key-text.ts";
import { type ClusterBinding, placeBytes } from "./place-binding.ts";
import { REFUSED_FOR_MS, type RefusalId, type RefusalMemory, recallOutcomes } from "./refusal-memory.ts";
import { RemoteValueError } from "./remote-value-error.ts";
import type { Outcome } from "./sealer.ts";
import type { TransitKey, TransitKeyName } from "./transit-api.ts";
import type { VaultGroup } from "./vault-group.ts";

/** What is remembered of the values that an object has under Vault; under a key that has changed, nothing. */
export class VaultRefusals {
  readonly #memory: RefusalMemory;
  readonly #binding: ClusterBinding;

  constructor(memory: RefusalMemory, binding: ClusterBinding) {
    this.#memory = memory;
    this.#binding = binding;
  }

  /**
   * What is known without asking; null when no value is known to be refused.
   * @param keyOf what is known of a key by its name; null for one that was not described yet.
   */
  recall(
    groups: readonly VaultGroup[],
    keyOf: (name: TransitKeyName) => TransitKey | null,
  ): Map<string, Outcome> | null {
    const values = groups.flatMap(({ name, ciphertexts }) => {
      const key = keyOf(name);
      if (key === null) return [];
      return [...ciphertexts].map(([item, ciphertext]) => ({
        item,
        ids: [this.#valueId(item, ciphertext, name, key)],
        refusal: RemoteValueError.notAuthentic(item, `vault:${transitKeyText(name)}`),
      }));
    });
    return recallOutcomes(this.#memory, values);
  }

  /** Keeps what came of an object, if a value of it did not open; one that is too old is tried again, since that is mended in Vault. */
  remember(
    groups: readonly VaultGroup[],
    keyOf: (name: TransitKeyName) => TransitKey | null,
    outcomes: ReadonlyMap<string, Outcome>,
  ): void {
    if (![...outcomes.values()].some(({ kind }) => kind === "malformed")) return;
    for (const { name, ciphertexts } of groups) {
      const key = keyOf(name);
      if (key === null) continue;
      for (const [item, ciphertext] of ciphertexts) {
        const what = toRemember(outcomes.get(item));
        const id = this.#valueId(item, ciphertext, name, key);
        if (what !== null) this.#memory.remember(id, what, REFUSED_FOR_MS);
      }
    }
  }

  #valueId(item: string, ciphertext: string, name: TransitKeyName, key: TransitKey): RefusalId {
    const { binding, latestVersion, minDecryptionVersion } = key;
    const state = [binding, String(latestVersion), String(minDecryptionVersion)];
    const place = toBase64(placeBytes("vault:1", this.#binding, item));
    return ["vault", transitKeyText(name), ...state, ciphertext, place];
  }
}

function toRemember(outcome: Outcome | undefined): "opens" | "not-authentic" | null {
  if (outcome?.kind === "opened") return "opens";
  const error = outcome?.kind === "malformed" ? outcome.error : null;
  return error instanceof RemoteValueError && error.problem === "not-authentic" ? "not-authentic" : null;
}

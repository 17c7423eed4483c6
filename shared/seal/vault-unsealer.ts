import { runAtMost } from "./concurrently.ts";
import { admitKeys, type KeyAdmission } from "./key-admission.ts";
import { transitKeyText } from "./key-text.ts";
import { type ClusterBinding, clusterToOpenIn, placeBytes } from "./place-binding.ts";
import { readEach, untriedOutcomes } from "./readable-values.ts";
import type { RefusalMemory } from "./refusal-memory.ts";
import { RemoteValueError } from "./remote-value-error.ts";
import type { Outcome, Unsealer } from "./sealer.ts";
import type { TransitApi, TransitKeyName, TransitOpened } from "./transit-api.ts";
import { decryptBound } from "./transit-binding.ts";
import { groupByVaultKey, type VaultGroup } from "./vault-group.ts";
import { VaultKeyProofs } from "./vault-key-proofs.ts";
import { VaultRefusals } from "./vault-refusals.ts";
import { readVaultValue } from "./vault-value.ts";

/** Keys that the values of one object may be under: each costs a call. */
export const MOST_VAULT_KEYS = 16;
const CALLS_AT_A_TIME = 4;

/** How values under Vault are opened. */
export type VaultUnsealing = KeyAdmission & {
  /** Where what is known of keys is kept; without it, with this unsealer. */
  proofs?: VaultKeyProofs;
  /** Where refusals are remembered; without it each object that fails costs its calls every time. */
  memory?: RefusalMemory;
};

/**
 * Opens values under Vault's Transit keys: one call for each key of an object, and one more where the key is not known yet.
 * Where one item does not open, items under keys that were not asked yet are `not-tried`.
 */
export function vaultUnsealer(
  api: TransitApi,
  { proofs = new VaultKeyProofs({ now: () => performance.now() }), memory, ...admission }: VaultUnsealing,
): Unsealer {
  return {
    async unsealAll(items, binding, signal) {
      signal.throwIfAborted();
      const { values, problems } = readEach(items, readVaultValue);
      admitKeys(
        "vault",
        [...values].map(([item, { name }]) => [item, transitKeyText(name)]),
        admission,
      );
      const groups = [...groupByVaultKey(values).values()];
      for (const { ciphertexts } of groups.slice(MOST_VAULT_KEYS)) {
        for (const item of ciphertexts.keys())
          problems.set(item, RemoteValueError.tooManyKeys(item, "vault", MOST_VAULT_KEYS));
      }
      const outcomes = untriedOutcomes(items, problems);
      if (problems.size > 0 || items.size === 0) return outcomes;
      const bound = clusterToOpenIn(binding);
      const refusals = memory === undefined ? null : new VaultRefusals(memory, bound);
      const keyOf = (name: TransitKeyName) => proofs.known(name);
      const known = refusals?.recall(groups, keyOf) ?? null;
      if (known !== null) return new Map([...outcomes, ...known]);
      const asked: VaultGroup[] = [];
      const work = groups.map((group) => async () => {
        // What is remembered goes by what the key is, which is not known before it was described.
        if (refusals !== null) await proofs.look(api, group.name, signal);
        let opened = refusals?.recall([group], keyOf) ?? null;
        if (opened === null) {
          asked.push(group);
          opened = await openGroup(api, group, bound, proofs, signal);
        }
        for (const [item, outcome] of opened) outcomes.set(item, outcome);
        return [...opened.values()].every(({ kind }) => kind === "opened");
      });
      try {
        await runAtMost(CALLS_AT_A_TIME, work);
      } finally {
        refusals?.remember(asked, keyOf, outcomes);
      }
      return outcomes;
    },
  };
}

async function openGroup(
  api: TransitApi,
  { name, ciphertexts }: VaultGroup,
  binding: ClusterBinding,
  proofs: VaultKeyProofs,
  signal: AbortSignal,
): Promise<Map<string, Outcome>> {
  const items = [...ciphertexts.keys()];
  const values = [...ciphertexts].map(([item, ciphertext]) => ({
    ciphertext,
    place: placeBytes("vault:1", binding, item),
  }));
  const opened = await decryptBound(api, name, values, proofs, signal);
  return new Map(items.map((item, at) => [item, outcomeOf(item, name, opened[at] ?? null)]));
}

function outcomeOf(item: string, name: TransitKeyName, opened: TransitOpened | null): Outcome {
  if (opened === null) return { kind: "not-tried" };
  if ("plaintext" in opened)
    return { kind: "opened", plaintext: opened.plaintext, keyId: `vault:${transitKeyText(name)}` };
  return { kind: "malformed", error: refusedValue(item, name, opened.refused) };
}

/** Vault's refusal of a value, in our words. */
export function refusedValue(
  item: string,
  name: TransitKeyName,
  refused: Extract<TransitOpened, { refused: string }>["refused"],
): RemoteValueError {
  const key = `vault:${transitKeyText(name)}`;
  return refused === "too-old"
    ? RemoteValueError.tooOld(item, key)
    : RemoteValueError.notAuthentic(item, key);
}

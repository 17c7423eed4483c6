import { admitKeys, type KeyAdmission } from "./key-admission.ts";
import { transitKeyText } from "./key-text.ts";
import { type ClusterBinding, clusterToOpenIn, placeBytes } from "./place-binding.ts";
import { readEach } from "./readable-values.ts";
import { RemoteValueError } from "./remote-value-error.ts";
import type { Binding } from "./sealer.ts";
import type { TransitApi, TransitKeyName } from "./transit-api.ts";
import { decryptBound, encryptBound } from "./transit-binding.ts";
import { groupByVaultKey, type VaultGroup } from "./vault-group.ts";
import { VaultKeyProofs } from "./vault-key-proofs.ts";
import { refusedValue } from "./vault-unsealer.ts";
import { isVaultCiphertext, keyVersionOf, readVaultValue, writeVaultValue } from "./vault-value.ts";

/** Where renewed values go, and which keys they may come from. */
export type VaultRenewal = KeyAdmission & {
  /** The key to encrypt under; null for the key that each value names. */
  to: TransitKeyName | null;
  proofs?: VaultKeyProofs;
  /** Whether values that are under the newest version of that key stay as they are; they are not opened then. */
  keepsNewest?: boolean;
};

/**
 * Brings values under the newest version of their key, or under another key, for the same place. A derived key that stays
 * rewraps them inside Vault; else they are decrypted and encrypted, in a call each.
 * @returns the new texts, by item; only when all succeeded.
 * @throws RemoteValueError for a value that is none, or does not open at its place; KeyServiceError as Vault's calls, and
 * `not-allowed` before any of them; the signal's reason when aborted.
 */
export async function renewVaultValues(
  api: TransitApi,
  items: ReadonlyMap<string, string>,
  binding: Binding,
  how: VaultRenewal,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const {
    to,
    proofs = new VaultKeyProofs({ now: () => performance.now() }),
    keepsNewest = false,
    ...admission
  } = how;
  const { values, problems } = readEach(items, readVaultValue);
  for (const problem of problems.values()) throw problem;
  const keys = [...values].map(([item, { name }]) => [item, transitKeyText(name)] as const);
  admitKeys("vault", keys, admission);
  const renewed = new Map<string, string>();
  if (items.size === 0) return renewed;
  const bound = clusterToOpenIn(binding);
  for (const whole of groupByVaultKey(values).values()) {
    const target = to ?? whole.name;
    const stays = keepsNewest && transitKeyText(whole.name) === transitKeyText(target);
    const group = stays ? await ofOldVersions(api, whole, proofs, signal) : whole;
    for (const item of whole.ciphertexts.keys())
      if (!group.ciphertexts.has(item)) renewed.set(item, items.get(item) ?? "");
    if (group.ciphertexts.size === 0) continue;
    const texts = await renewGroup(api, group, bound, target, proofs, signal);
    for (const [at, item] of [...group.ciphertexts.keys()].entries())
      renewed.set(item, writeVaultValue({ name: target, ciphertext: texts[at] ?? "" }));
  }
  return new Map([...items.keys()].map((item) => [item, renewed.get(item) ?? ""]));
}

/** Of values under one key those whose version is not its newest. */
async function ofOldVersions(
  api: TransitApi,
  group: VaultGroup,
  proofs: VaultKeyProofs,
  signal: AbortSignal,
): Promise<VaultGroup> {
  const { key } = await proofs.look(api, group.name, signal);
  const old = [...group.ciphertexts].filter(([, text]) => keyVersionOf(text) !== key.latestVersion);
  return { ...group, ciphertexts: new Map(old) };
}

async function renewGroup(
  api: TransitApi,
  { name, ciphertexts }: VaultGroup,
  binding: ClusterBinding,
  to: TransitKeyName,
  proofs: VaultKeyProofs,
  signal: AbortSignal,
): Promise<string[]> {
  const items = [...ciphertexts.keys()];
  const values = [...ciphertexts].map(([item, ciphertext]) => ({
    ciphertext,
    place: placeBytes("vault:1", binding, item),
  }));
  const { key } = await proofs.look(api, name, signal);
  if (key.binding === "context" && transitKeyText(name) === transitKeyText(to)) {
    const texts = await api.rewrap(name, values, signal);
    return items.map((item, at) => {
      const text = texts[at];
      if (text == null || !isVaultCiphertext(text))
        throw RemoteValueError.notAuthentic(item, `vault:${transitKeyText(name)}`);
      return text;
    });
  }
  const opened = await decryptBound(api, name, values, proofs, signal);
  const plain: Uint8Array[] = [];
  try {
    for (const [at, item] of items.entries()) {
      const one = opened[at] ?? { refused: "not-authentic" };
      if (!("plaintext" in one)) throw refusedValue(item, name, one.refused);
      plain.push(one.plaintext);
    }
    const anew = values.map(({ place }, at) => ({ place, plaintext: plain[at] ?? new Uint8Array() }));
    return await encryptBound(api, to, anew, proofs, signal);
  } finally {
    for (const one of opened) if (one !== null && "plaintext" in one) one.plaintext.fill(0);
  }
}

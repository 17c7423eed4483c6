import { InputError } from "../shared/errors.ts";
import type { RemoteBackend } from "../shared/seal/codec.ts";
import { groupByDataKey } from "../shared/seal/kms-group.ts";
import { MOST_DATA_KEYS } from "../shared/seal/kms-unsealer.ts";
import { readKmsValue } from "../shared/seal/kms-value.ts";
import { readEach } from "../shared/seal/readable-values.ts";
import { groupByVaultKey } from "../shared/seal/vault-group.ts";
import { MOST_VAULT_KEYS } from "../shared/seal/vault-unsealer.ts";
import { readVaultValue } from "../shared/seal/vault-value.ts";
import type { SealedSecret } from "../shared/sealed-secret.ts";
import type { SecretManifest } from "../shared/secret.ts";
import { sortedValues } from "./values-by-backend.ts";

/** A SealedSecret that is merged into, and how errors name it. */
type Target = { sealedSecret: SealedSecret; where: string };

/**
 * Sees that none of the items to merge is read from Vault: an item comes from one place.
 * @throws InputError naming it.
 */
export function requireNotReferenced({ sealedSecret, where }: Target, { items }: SecretManifest): void {
  const found = sealedSecret.spec.vault?.find(({ key }) => items.has(key));
  if (found === undefined) return;
  throw new InputError(
    `${where}: the item ${JSON.stringify(found.key)} stands in spec.vault, so no value may be sealed for it`,
    "leave it out of the Secret, or take its entry out of spec.vault first",
  );
}

/**
 * Sees that the values of a SealedSecret come from no more sealings and keys than it may have. Each run has a data key of
 * its own, so that one merge after the other leads there.
 * @throws InputError saying what to do.
 */
export function requireFewSealings({ sealedSecret, where }: Target): void {
  for (const [backend, items] of sortedValues(sealedSecret).remote) {
    const { count, most, counted } = sealingsOf(backend, items);
    if (count <= most) continue;
    throw new InputError(
      `${where}: with this its values would come from ${count} ${counted}, and a SealedSecret opens with at most ${most}`,
      "seal all of the Secret again in one go, as by signet unseal and signet, or merge more items at a time",
    );
  }
}

function sealingsOf(backend: RemoteBackend, items: ReadonlyMap<string, string>) {
  if (backend === "kms") {
    const count = groupByDataKey(readEach(items, readKmsValue).values).size;
    return { count, most: MOST_DATA_KEYS, counted: "sealings under AWS KMS" };
  }
  const count = groupByVaultKey(readEach(items, readVaultValue).values).size;
  return { count, most: MOST_VAULT_KEYS, counted: "keys of Vault" };
}

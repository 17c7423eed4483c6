import { KeyServiceError } from "../seal/key-service-error.ts";
import type { TransitKey } from "../seal/transit-api.ts";
import { dataOf, type VaultAnswer, wholeNumber } from "./vault-answer.ts";
import { type Asked, unexpectedAnswer } from "./vault-fault.ts";

/** Types whose ciphertexts are authentic and can be bound to a place. */
const AEAD: ReadonlySet<unknown> = new Set(["aes128-gcm96", "aes256-gcm96", "chacha20-poly1305"]);

/**
 * What Vault says of a key (https://developer.hashicorp.com/vault/api-docs/secret/transit#read-key).
 * @throws KeyServiceError `unusable` for a key that binds nothing to a place, or that shows which values are equal.
 */
export function readTransitKey(answer: VaultAnswer, asked: Asked): TransitKey {
  const { type, derived, convergent_encryption, soft_deleted, ...rest } = dataOf(answer);
  const latestVersion = wholeNumber(rest["latest_version"]);
  const minDecryptionVersion = wholeNumber(rest["min_decryption_version"]);
  if (typeof type !== "string" || latestVersion === null || minDecryptionVersion === null)
    throw unexpectedAnswer(asked);
  if (!AEAD.has(type))
    throw unusable(asked, "its type binds no value to a place", `make a key of type ${[...AEAD].join(", ")}`);
  if (convergent_encryption === true)
    throw unusable(
      asked,
      "it is convergent, so that equal values have equal ciphertexts",
      "make a key without convergent_encryption",
    );
  if (soft_deleted === true) throw unusable(asked, "it was deleted", "restore the key in Vault");
  return {
    binding: derived === true ? "context" : "associated-data",
    latestVersion,
    minDecryptionVersion,
  };
}

/** @throws KeyServiceError `unusable` for a key that encrypts nothing that is bound to nothing, or that was deleted. */
export function requireUnderived(answer: VaultAnswer, asked: Asked): void {
  const { derived, soft_deleted } = dataOf(answer);
  if (derived === true)
    throw unusable(
      asked,
      "it is derived, and SOPS binds nothing by a context",
      "make a key without derived for SOPS documents",
    );
  if (soft_deleted === true) throw unusable(asked, "it was deleted", "restore the key in Vault");
}

function unusable({ address, subject }: Asked, cause: string, hint: string): KeyServiceError {
  return new KeyServiceError("unusable", `${subject} in Vault at ${address} cannot be used: ${cause}`, hint);
}

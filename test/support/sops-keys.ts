import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { utf8 } from "../../shared/bytes.ts";
import { type AgeIdentities, readAgeIdentities } from "../../shared/document/sops/keys/age-identities.ts";
import type { KmsNamed, SopsKms } from "../../shared/document/sops/keys/kms-entry.ts";
import type { SopsVault } from "../../shared/document/sops/keys/vault-entry.ts";
import type { KmsApi, KmsCaller } from "../../shared/seal/kms-api.ts";
import type { TransitApi } from "../../shared/seal/transit-api.ts";

/** A new identity of age: its text, what others encrypt for, and itself as the unwrapper takes it. */
export async function newAgeIdentity(): Promise<{
  text: string;
  recipient: string;
  identities: AgeIdentities;
}> {
  const text = await generateX25519Identity();
  const identities = await readAgeIdentities(utf8(text), "the identity", null);
  return { text, recipient: await identityToRecipient(text), identities };
}

/**
 * AWS KMS for entries, with a list of what is allowed.
 * @param allowed `key ARN`, `role ARN`, `profile NAME`, `context NAME=VALUE`; all by default.
 * @returns it, and as whom it was called.
 */
export function sopsKms(
  api: KmsApi,
  allowed: readonly string[] | null = null,
): SopsKms & { callers: KmsCaller[] } {
  const callers: KmsCaller[] = [];
  const textOf = ({ kind, text }: KmsNamed) => `${kind} ${text}`;
  return {
    callers,
    api(caller) {
      callers.push(caller);
      return api;
    },
    permits: (named) => allowed === null || allowed.includes(textOf(named)),
    hintFor: (named) => `allow ${textOf(named)}`,
  };
}

/** Vault for entries, at https://vault.test:8200. @param allowed `MOUNT/KEY`; all by default. */
export function sopsVault(api: TransitApi, allowed: readonly string[] | null = null): SopsVault {
  return {
    address: "https://vault.test:8200",
    api,
    permits: (key) => allowed === null || allowed.includes(key),
    hintFor: (key) => `allow ${key}`,
    addressHint: "say which Vault",
  };
}

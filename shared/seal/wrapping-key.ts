import { isKmsAliasArn, isKmsKeyArn, parseTransitKeyName, transitKeyText } from "./key-text.ts";
import { readWrapped } from "./kms-value.ts";
import type { TransitKeyName } from "./transit-api.ts";
import { readNamedCiphertext } from "./vault-value.ts";

/** The key of a key service that a sealing key is wrapped by: a key or alias ARN of AWS KMS, or a Transit key of Vault. */
export type WrappingKey = { service: "kms"; key: string } | { service: "vault"; name: TransitKeyName };

/** Reads `kms:ARN` or `vault:MOUNT/KEY`, as options and annotations spell a wrapping key; null for anything else. */
export function parseWrappingKey(text: string): WrappingKey | null {
  if (text.startsWith("kms:")) {
    const key = text.slice("kms:".length);
    return isKmsKeyArn(key) || isKmsAliasArn(key) ? { service: "kms", key } : null;
  }
  const name = text.startsWith("vault:") ? parseTransitKeyName(text.slice("vault:".length)) : null;
  return name === null ? null : { service: "vault", name };
}

/** `kms:ARN` or `vault:MOUNT/KEY`. */
export function wrappingKeyText(key: WrappingKey): string {
  return key.service === "kms" ? `kms:${key.key}` : `vault:${transitKeyText(key.name)}`;
}

/** Whether a text is a wrapped sealing key of any version, by its first word; it may be damaged all the same. */
export function looksWrapped(text: string): boolean {
  return /^(?:kms|vault)-key:/.test(text);
}

/** The key that a wrapped text says it is wrapped by; null where the text is none of a version that is known. */
export function wrappingKeyOf(text: string): WrappingKey | null {
  if (text.startsWith("kms-key:1:")) {
    const parts = readWrapped(text.slice("kms-key:1:".length));
    return typeof parts === "string" ? null : { service: "kms", key: parts.wrapped.key };
  }
  if (!text.startsWith("vault-key:1:")) return null;
  const parts = readNamedCiphertext(text.slice("vault-key:1:".length));
  return typeof parts === "string" ? null : { service: "vault", name: parts.name };
}

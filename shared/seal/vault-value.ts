import { fromStrictBase64, parseTransitKeyName, transitKeyText } from "./key-text.ts";
import { RemoteValueError } from "./remote-value-error.ts";
import type { TransitKeyName } from "./transit-api.ts";

/** A value of the format vault:1, taken apart; `ciphertext` is Vault's own text, `vault:vN:BASE64`. */
export type VaultValue = { name: TransitKeyName; ciphertext: string };

const CIPHERTEXT = /^vault:v([1-9]\d{0,8}):([A-Za-z0-9+/=]+)$/;

/**
 * Reads `vault:1:MOUNT/KEY:vault:vN:BASE64` (docs/formats.md).
 * @param item that the text stands under, for the error.
 * @throws RemoteValueError for anything else; it quotes nothing of the text.
 */
export function readVaultValue(item: string, text: string): VaultValue {
  const malformed = (what: string) => RemoteValueError.malformed(item, "vault", what);
  const version = /^vault:(0|[1-9]\d{0,3}):/.exec(text)?.[1];
  if (version === undefined) throw malformed("it names no version of the format");
  if (version !== "1") throw RemoteValueError.version(item, `vault:${version}`);
  const value = readNamedCiphertext(text.slice("vault:1:".length));
  if (typeof value === "string") throw malformed(value);
  return value;
}

/**
 * Reads `MOUNT/KEY:vault:vN:BASE64`.
 * @returns what is wrong with it, in words, where it is none.
 */
export function readNamedCiphertext(text: string): VaultValue | string {
  const colon = text.indexOf(":");
  const name = parseTransitKeyName(text.slice(0, Math.max(colon, 0)));
  if (name === null) return "it names no key by MOUNT/KEY";
  const ciphertext = text.slice(colon + 1);
  if (!isVaultCiphertext(ciphertext)) return "what follows the key is not a ciphertext as Vault writes it";
  return { name, ciphertext };
}

/** Whether a text is `vault:vN:` and base64, which is how Vault writes what it encrypted. */
export function isVaultCiphertext(text: string): boolean {
  const base64 = CIPHERTEXT.exec(text)?.[2];
  return base64 !== undefined && fromStrictBase64(base64) !== null;
}

/** The version of the Transit key that a ciphertext of Vault's was made with. */
export function keyVersionOf(ciphertext: string): number {
  return Number(CIPHERTEXT.exec(ciphertext)?.[1] ?? Number.NaN);
}

/** The text of a value of the format vault:1. */
export function writeVaultValue(value: VaultValue): string {
  return `vault:1:${writeNamedCiphertext(value)}`;
}

/** `MOUNT/KEY:vault:vN:BASE64`. */
export function writeNamedCiphertext({ name, ciphertext }: VaultValue): string {
  return `${transitKeyText(name)}:${ciphertext}`;
}

import type { Bytes } from "../bytes.ts";

/** A key of Vault's Transit engine: where the engine is mounted (it may have slashes) and the key's name there. */
export type TransitKeyName = { mount: string; key: string };

/** How values under a Transit key are bound to their place; it follows from the key, never from a document. */
export type TransitBinding =
  /** A derived key: the place is the `context`, and Vault can rewrap. */
  | "context"
  /** A plain AEAD key: the place is the `associated_data`, and Vault cannot rewrap. */
  | "associated-data";

/** What a Transit key is. */
export type TransitKey = {
  binding: TransitBinding;
  latestVersion: number;
  /** Ciphertexts of earlier versions are refused. */
  minDecryptionVersion: number;
};

/** What became of one value: opened, or why not. `too-old`: below the key's `min_decryption_version`. */
export type TransitOpened = { plaintext: Bytes } | { refused: "not-authentic" | "too-old" | "malformed" };

/** One value for Vault and the place it is bound to, as bytes; Vault's own text form is `vault:vN:BASE64`. */
export type TransitPlaintext = { plaintext: Uint8Array; place: Bytes };
export type TransitCiphertext = {
  ciphertext: string;
  place: Bytes;
  /** Sent to be refused, since its place is a wrong one. */
  isProbe?: true;
};

/**
 * The calls on Vault's Transit engine that sealing and opening take; each is one request, however many values it has.
 * Each throws KeyServiceError when Vault cannot or will not do it (`unusable` for a key that does not exist or whose type
 * binds nothing), and the signal's reason when aborted.
 */
export interface TransitApi {
  describeKey(name: TransitKeyName, signal: AbortSignal): Promise<TransitKey>;
  /** @returns Vault's texts, in the order of the values. */
  encrypt(
    name: TransitKeyName,
    binding: TransitBinding,
    values: readonly TransitPlaintext[],
    signal: AbortSignal,
  ): Promise<string[]>;
  /** @returns what became of each, in the order of the values. */
  decrypt(
    name: TransitKeyName,
    binding: TransitBinding,
    values: readonly TransitCiphertext[],
    signal: AbortSignal,
  ): Promise<TransitOpened[]>;
  /**
   * Under the key's newest version, inside Vault; for keys that bind by `context` alone.
   * @returns Vault's new texts, in the order of the values; null where one is not authentic for its place.
   */
  rewrap(
    name: TransitKeyName,
    values: readonly TransitCiphertext[],
    signal: AbortSignal,
  ): Promise<(string | null)[]>;
  /** Encrypts one value that is bound to nothing, as SOPS has it; `unusable` for a derived key, which binds all. */
  encryptUnbound(name: TransitKeyName, plaintext: Uint8Array, signal: AbortSignal): Promise<string>;
  /** @returns what became of a value that is bound to nothing. */
  decryptUnbound(name: TransitKeyName, ciphertext: string, signal: AbortSignal): Promise<TransitOpened>;
}

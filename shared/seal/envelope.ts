import { type Bytes, concat, utf8 } from "../bytes.ts";

/** Length of the data keys we take. */
export const DATA_KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Length of what is sealed from nothing. */
export const SHORTEST_SEALED_BYTES = NONCE_BYTES + TAG_BYTES;

/** The formats that seal under a data key. */
export type EnvelopeFormat = "kms:1" | "kms-key:1";

/**
 * Seals and opens under one data key (docs/formats.md): nonce, 12 random bytes || AES-256-GCM ciphertext || tag, 16
 * bytes, where the place is the additional data. The AES key is HKDF-SHA-256 of the data key with an empty salt and the
 * info `signet FORMAT`, so that what one format sealed is nothing in another.
 */
export class Envelope {
  readonly #key: InstanceType<typeof CryptoKey>;

  private constructor(key: InstanceType<typeof CryptoKey>) {
    this.#key = key;
  }

  /** @param dataKey of 32 bytes; it is copied, the caller wipes it. */
  static async of(dataKey: Uint8Array, format: EnvelopeFormat): Promise<Envelope> {
    const copy = new Uint8Array(dataKey);
    try {
      const material = await crypto.subtle.importKey("raw", copy, "HKDF", false, ["deriveKey"]);
      const derivation = {
        name: "HKDF",
        hash: "SHA-256",
        salt: new Uint8Array(),
        info: utf8(`signet ${format}`),
      };
      const algorithm = { name: "AES-GCM", length: 256 };
      return new Envelope(
        await crypto.subtle.deriveKey(derivation, material, algorithm, false, ["encrypt", "decrypt"]),
      );
    } finally {
      copy.fill(0);
    }
  }

  /** Seals for a place. A data key may seal many values: each has a nonce of its own. */
  async seal(plaintext: Uint8Array, place: Bytes): Promise<Bytes> {
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const algorithm = { name: "AES-GCM", iv, additionalData: place };
    const ciphertext = await crypto.subtle.encrypt(algorithm, this.#key, new Uint8Array(plaintext));
    return concat(iv, new Uint8Array(ciphertext));
  }

  /** @returns null when it is damaged, or sealed under another data key or for another place. */
  async open(sealed: Bytes, place: Bytes): Promise<Bytes | null> {
    if (sealed.length < SHORTEST_SEALED_BYTES) return null;
    const algorithm = { name: "AES-GCM", iv: sealed.subarray(0, NONCE_BYTES), additionalData: place };
    try {
      const plaintext = await crypto.subtle.decrypt(algorithm, this.#key, sealed.subarray(NONCE_BYTES));
      return new Uint8Array(plaintext);
    } catch {
      return null;
    }
  }
}

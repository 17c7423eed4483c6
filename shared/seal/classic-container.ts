import { type Bytes, concat } from "../bytes.ts";

/**
 * The classic value, byte for byte as Sealed Secrets writes it (vectors: classic):
 *
 *     u16be L || RSA-OAEP(session key), L bytes || AES-GCM(plaintext) || tag, 16 bytes
 *
 * RSA-OAEP with SHA-256 for hash and MGF1 and the scope label as label; AES-256-GCM under a session key of 32 fresh
 * random bytes, a nonce of 12 zero bytes, no additional data. The text form is padded standard base64. Readers also
 * take session keys of 16 and 24 bytes.
 */
const LENGTH_BYTES = 2;

/** Length of the session keys we write. */
export const SESSION_KEY_BYTES = 32;
/** Lengths of session keys that are read. */
export const READABLE_SESSION_KEY_BYTES: readonly number[] = [16, 24, 32];
/** Length of the tag at the end. */
export const TAG_BYTES = 16;
/** A fixed nonce is safe here only because every value has a session key of its own. */
export const NONCE = new Uint8Array(12);

/** The parts of a value: the encrypted session key, and the ciphertext with its tag. */
export type ClassicContainer = { block: Bytes; ciphertext: Bytes };

/** The bytes of a value from its parts; `block` is shorter than 64 KiB. */
export function joinContainer(block: Uint8Array, ciphertext: Uint8Array): Bytes {
  return concat(new Uint8Array([block.length >> 8, block.length & 0xff]), block, ciphertext);
}

/** The parts of a value, or null when it is too short to have them. */
export function splitContainer(bytes: Bytes): ClassicContainer | null {
  const [high, low] = bytes;
  if (high === undefined || low === undefined) return null;
  const end = LENGTH_BYTES + ((high << 8) | low);
  if (bytes.length < end) return null;
  return { block: bytes.slice(LENGTH_BYTES, end), ciphertext: bytes.slice(end) };
}

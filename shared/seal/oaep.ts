import { type Bytes, concat } from "../bytes.ts";

const HASH_BYTES = 32;
const SESSION_KEY_BYTES = 32;

/** What a raw block is: under `wellFormed` it holds the hash of the label it was made with. */
export type RawBlockVerdict = { wellFormed: boolean; labelHash: Bytes };

/** SHA-256 of bytes. */
export type Sha256 = (bytes: Bytes) => Bytes | Promise<Bytes>;

/**
 * Judges the raw RSA block of a classic value that no key opened (RFC 8017 section 7.1, EME-OAEP with SHA-256):
 *
 *     00 || masked seed, 32 bytes || masked (label hash, 32 bytes || 00 … 00 || 01 || message)
 *
 * One verdict over all of it at once (leading zero, padding, separator, exactly 32 bytes of message), computed
 * without branching on secret bytes, so that it tells nothing but yes or no. Never returns message bytes. Wipes the
 * block it is given.
 * @param sha256 by default WebCrypto's.
 */
export async function judgeRawBlock(block: Bytes, sha256: Sha256 = webSha256): Promise<RawBlockVerdict> {
  const size = block.length;
  const dbBytes = size - HASH_BYTES - 1;
  const separatorAt = dbBytes - SESSION_KEY_BYTES - 1;
  // A modulus too small for such a message is a public fact.
  if (separatorAt < HASH_BYTES) return { wellFormed: false, labelHash: new Uint8Array(HASH_BYTES) };
  const maskedSeed = block.slice(1, 1 + HASH_BYTES);
  const maskedDb = block.slice(1 + HASH_BYTES);
  const seed = xor(maskedSeed, await mgf1(maskedDb, HASH_BYTES, sha256));
  const db = xor(maskedDb, await mgf1(seed, dbBytes, sha256));
  let wrong = block[0] ?? 1;
  for (let at = HASH_BYTES; at < separatorAt; at++) wrong |= db[at] ?? 1;
  wrong |= (db[separatorAt] ?? 0) ^ 1;
  const labelHash = db.slice(0, HASH_BYTES);
  // The masked parts are the message as much as the plain ones: whoever has both halves can undo the masks.
  for (const secret of [seed, db, maskedSeed, maskedDb, block]) secret.fill(0);
  return { wellFormed: wrong === 0, labelHash };
}

/** MGF1 with SHA-256 (RFC 8017 appendix B.2.1). */
async function mgf1(seed: Bytes, length: number, sha256: Sha256): Promise<Bytes> {
  const blocks: Uint8Array[] = [];
  for (let counter = 0; counter * HASH_BYTES < length; counter++) {
    const counterBytes = new Uint8Array(4);
    new DataView(counterBytes.buffer).setUint32(0, counter);
    blocks.push(await sha256(concat(seed, counterBytes)));
  }
  return concat(...blocks).slice(0, length);
}

async function webSha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function xor(a: Bytes, b: Bytes): Bytes {
  return a.map((byte, at) => byte ^ (b[at] ?? 0));
}

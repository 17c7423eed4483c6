import { createHash } from "node:crypto";

/** How to encode; everything but the message has the classic format's choice as its default. */
export type OaepEncoding = {
  message: Uint8Array;
  label?: string | Uint8Array;
  /** Length of the block, which is that of the modulus. */
  size: number;
  seed: Uint8Array;
  hash?: string;
  mgfHash?: string;
  /** Changes the data block (label hash, padding, separator, message) before it is masked. */
  spoil?: (db: Buffer) => void;
};

/** EME-OAEP (RFC 8017 section 7.1.1), written a second time so that the one under test is not judged by itself. */
export function oaepEncode(encoding: OaepEncoding): Buffer {
  const { message, label = "", size, seed, hash = "sha256", mgfHash = hash, spoil } = encoding;
  const labelHash = createHash(hash).update(label).digest();
  const padding = size - message.length - 2 * labelHash.length - 2;
  if (padding < 0) throw new Error("the message is too long for the block");
  const db = Buffer.concat([labelHash, Buffer.alloc(padding), Buffer.from([1]), message]);
  spoil?.(db);
  const maskedDb = xor(db, mgf1(seed, db.length, mgfHash));
  const maskedSeed = xor(seed, mgf1(maskedDb, seed.length, mgfHash));
  return Buffer.concat([Buffer.alloc(1), maskedSeed, maskedDb]);
}

function mgf1(seed: Uint8Array, length: number, hash: string): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0; Buffer.concat(blocks).length < length; counter++) {
    const suffix = Buffer.alloc(4);
    suffix.writeUInt32BE(counter);
    blocks.push(createHash(hash).update(seed).update(suffix).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

function xor(a: Uint8Array, b: Uint8Array): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)));
}

/**
 * Takes such a block apart, with SHA-256 for both hashes, whatever its label.
 * @returns the label's hash and the message, or null for what is no such block.
 */
export function oaepDecode(block: Uint8Array): { labelHash: Buffer; message: Buffer } | null {
  const size = 32;
  const maskedDb = block.subarray(1 + size);
  const seed = xor(block.subarray(1, 1 + size), mgf1(maskedDb, size, "sha256"));
  const db = xor(maskedDb, mgf1(seed, maskedDb.length, "sha256"));
  const separator = db.findIndex((byte, at) => at >= size && byte !== 0);
  if (block[0] !== 0 || db[separator] !== 1) return null;
  return { labelHash: db.subarray(0, size), message: db.subarray(separator + 1) };
}

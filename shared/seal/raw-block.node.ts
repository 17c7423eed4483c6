import { constants, createHash, type KeyObject, privateDecrypt } from "node:crypto";
import type { Bytes } from "../bytes.ts";
import { judgeRawBlock, type RawBlockVerdict } from "./oaep.ts";

/** Runs the diagnosis on one block: see `OpeningKey.judge`. The RSA operation holds up the thread for milliseconds. */
export type BlockJudge = (key: KeyObject, block: Bytes) => Promise<RawBlockVerdict | null>;

/**
 * The bare RSA private-key operation on a block, and the judgement on what comes of it, in the calling thread. A block that
 * is not below the modulus is not well formed, as one that another key made.
 */
export async function judgeBlockHere(key: KeyObject, block: Bytes): Promise<RawBlockVerdict> {
  return judgeRawBlock(rawDecrypt(key, block) ?? new Uint8Array(), sha256);
}

/** @returns the block as the encoder made it, null when it is not below the modulus. */
function rawDecrypt(key: KeyObject, block: Bytes): Bytes | null {
  let raw: Uint8Array;
  try {
    raw = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, block);
  } catch {
    return null;
  }
  const copy = new Uint8Array(raw);
  raw.fill(0);
  return copy;
}

// Not WebCrypto's: its digests would stand in the thread pool's queue, behind the RSA operations of others.
function sha256(bytes: Bytes): Bytes {
  return new Uint8Array(createHash("sha256").update(bytes).digest());
}

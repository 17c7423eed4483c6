import { toBase64, utf8 } from "../../shared/bytes.ts";
import { joinContainer } from "../../shared/seal/classic-container.ts";
import type { OpeningKey } from "../../shared/seal/opening-key.ts";

const BLOCK_BYTES = 256;

/** What the RSA block of a scripted value says of itself. */
export type ScriptedBlock = {
  /** Number of the key it is for. */
  key: number;
  /** What the right key finds. */
  finds: "value" | "damage" | "another label";
};

/** A value that scripted keys open, or do not, without any cryptography; `nonce` makes it another text. */
export function scriptedValue({ key, finds }: ScriptedBlock, nonce: number, plaintext = "x"): string {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set([key, ["value", "damage", "another label"].indexOf(finds), nonce >> 8, nonce & 0xff]);
  // As long as a tag, at least.
  return toBase64(joinContainer(block, utf8(plaintext.padEnd(16))));
}

/** An operation with a scripted key. */
export type ScriptedCall = { purpose: "open" | "diagnose"; key: number; nonce: number };

/** A key that opens scripted values with its number, and notes each operation. */
export function scriptedKey(number: number, calls: ScriptedCall[], since?: Date): OpeningKey {
  const nonceOf = (block: Uint8Array) => ((block[2] ?? 0) << 8) | (block[3] ?? 0);
  return {
    fingerprint: fingerprintOf(number),
    modulusBytes: BLOCK_BYTES,
    ...(since === undefined ? {} : { since }),
    async unwrap(block) {
      calls.push({ purpose: "open", key: number, nonce: nonceOf(block) });
      return block[0] === number && block[1] !== 2 ? new Uint8Array(32).fill((block[1] ?? 0) + 1) : null;
    },
    async judge(block) {
      calls.push({ purpose: "diagnose", key: number, nonce: nonceOf(block) });
      return { wellFormed: block[0] === number && block[1] === 2, labelHash: new Uint8Array(32).fill(7) };
    },
    decrypt: async (sessionKey, ciphertext) => (sessionKey[0] === 1 ? ciphertext : null),
  };
}

/** What a scripted key is called. */
export function fingerprintOf(number: number): string {
  return `SHA256:key-${number}`;
}

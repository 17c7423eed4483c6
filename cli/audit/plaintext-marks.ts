import { createHmac } from "node:crypto";

/**
 * Makes marks that tell equal plaintexts from others to whoever has the key, and nothing to anybody else: HMAC-SHA-256, of
 * which 16 hexadecimal digits are kept.
 * @param key random bytes.
 * @returns a mark; null for an empty plaintext, which many have.
 */
export function plaintextMarks(key: Uint8Array): (plaintext: Uint8Array) => string | null {
  return (plaintext) => {
    if (plaintext.length === 0) return null;
    return createHmac("sha256", key).update("signet audit 1\n").update(plaintext).digest("hex").slice(0, 16);
  };
}

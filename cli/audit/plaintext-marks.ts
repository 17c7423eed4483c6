import { createHmac } from "node:crypto";

/**
 * Makes marks that tell equal plaintexts from others to whoever has the key, and nothing to anybody else: HMAC-SHA-256, of
 * which 16 hexadecimal digits are kept. Line breaks at the end do not count: they come and go with the tool that made the Secret.
 * @param key random bytes.
 * @returns a mark; null for an empty plaintext, which many have.
 */
export function plaintextMarks(key: Uint8Array): (plaintext: Uint8Array) => string | null {
  return (plaintext) => {
    const end = plaintext.findLastIndex((byte) => byte !== 0x0a && byte !== 0x0d) + 1;
    if (end === 0) return null;
    const counted = plaintext.subarray(0, end);
    return createHmac("sha256", key).update("signet audit 1\n").update(counted).digest("hex").slice(0, 16);
  };
}

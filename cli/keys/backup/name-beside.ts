import { createHash } from "node:crypto";

/** Letters and digits of which the API server makes the end of a generated name. */
const LETTERS = "bcdfghjklmnpqrstvwxz2456789";
const LONGEST = 253;

/**
 * The name of a restored key's Secret where another key has the one that it had: that one and five characters which
 * follow from the key, so that it is the same each time.
 */
export function nameBeside(name: string, fingerprint: string): string {
  const hash = createHash("sha256").update(fingerprint).digest();
  const end = Array.from(hash.subarray(0, 5), (byte) => LETTERS[byte % LETTERS.length]).join("");
  return `${name.slice(0, LONGEST - end.length - 1).replace(/[-.]+$/, "")}-${end}`;
}

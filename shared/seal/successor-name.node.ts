import { createHash } from "node:crypto";

/** Letters and digits of which the API server makes the end of a generated name: none that spell words. */
const LETTERS = "bcdfghjklmnpqrstvwxz2456789";
const LENGTH = 5;

/** What the name of a new key's Secret is made of. */
export type Succession = {
  /** Identity of the cluster, null where it is not known. */
  cluster: string | null;
  /** Fingerprint of the key that is succeeded, null for the first one. */
  predecessor: string | null;
  /** How many names were found taken by something else. */
  counter: number;
};

/**
 * The name of the Secret of the key that succeeds another one: the prefix and five characters, in the form of a name
 * that the API server generates, but always the same, so that no two are made for one renewal.
 */
export function successorName(prefix: string, { cluster, predecessor, counter }: Succession): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([cluster, predecessor, counter]))
    .digest();
  return prefix + Array.from(hash.subarray(0, LENGTH), (byte) => LETTERS[byte % LETTERS.length]).join("");
}

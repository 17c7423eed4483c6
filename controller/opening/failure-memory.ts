import { createHash } from "node:crypto";
import type { Bytes } from "../../shared/bytes.ts";
import type { RememberedTrial, TrialMemory } from "../../shared/seal/trial-memory.ts";

/** Some hundred bytes each. */
const MOST_ENTRIES = 20_000;

/**
 * Remembers what came of values in objects that failed to open, so that trying such an object again costs no private-key
 * operation until there are other keys. Bounded: what was not asked for the longest is forgotten first. Holds a hash of each
 * value, never the value or what lay inside.
 */
export class FailureMemory implements TrialMemory {
  readonly #most: number;
  /** By the hash of key set, label and value; the one asked for last stands last. */
  readonly #entries = new Map<string, RememberedTrial>();

  constructor(most = MOST_ENTRIES) {
    this.#most = most;
  }

  /** How much is remembered. */
  get size(): number {
    return this.#entries.size;
  }

  recall(keySet: string, label: Bytes, text: string): RememberedTrial | undefined {
    const key = keyOf(keySet, label, text);
    const remembered = this.#entries.get(key);
    if (remembered === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, remembered);
    return remembered;
  }

  remember(keySet: string, label: Bytes, text: string, remembered: RememberedTrial): void {
    const key = keyOf(keySet, label, text);
    this.#entries.delete(key);
    this.#entries.set(key, remembered);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most) break;
      this.#entries.delete(oldest);
    }
  }
}

function keyOf(keySet: string, label: Bytes, text: string): string {
  // Lengths make the parts unmistakable: a label may hold anything.
  return createHash("sha256")
    .update(`${keySet.length} ${label.length} ${keySet}`)
    .update(label)
    .update(text)
    .digest("base64");
}

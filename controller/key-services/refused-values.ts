import { createHash } from "node:crypto";
import { joinFields } from "../../shared/seal/place-binding.ts";
import type { RefusalMemory, RememberedValue } from "../../shared/seal/refusal-memory.ts";
import { RecentMap } from "../recent-map.ts";

/** Some two hundred bytes each. */
const MOST_ENTRIES = 10_000;

/**
 * Remembers values that key services refused. Bounded: what was not asked for the longest is forgotten first. Holds a hash of
 * each value and its place, never the value or what lay inside.
 */
export class RefusedValues implements RefusalMemory {
  readonly #now: () => number;
  readonly #entries: RecentMap<{ what: RememberedValue; untilMs: number }>;

  /** @param now ms of a clock that never jumps. */
  constructor(now: () => number, most = MOST_ENTRIES) {
    this.#now = now;
    this.#entries = new RecentMap(most);
  }

  recall(id: readonly string[]): RememberedValue | undefined {
    const entry = this.#entries.get(keyOf(id));
    return entry === undefined || entry.untilMs <= this.#now() ? undefined : entry.what;
  }

  remember(id: readonly string[], what: RememberedValue, forMs: number): void {
    this.#entries.set(keyOf(id), { what, untilMs: this.#now() + forMs });
  }
}

function keyOf(id: readonly string[]): string {
  return createHash("sha256").update(joinFields(id)).digest("base64");
}

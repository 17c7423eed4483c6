import type { KeyServiceError } from "./key-service-error.ts";

/** The state of a key that failed; keys that work have none. */
export type ClosedGate = {
  untilMs: number;
  error: KeyServiceError;
  /** How many times in a row it failed; 0 for a refusal, which is not told from what stands behind it. */
  attempts: number;
  /** Whose call closed it; null once it held off somebody else, too. */
  by: string | null;
  /** The one call that goes first, while it is under way; resolves whatever comes of it. */
  probe: Promise<void> | null;
};

/**
 * Gates that are not open, as many as there may be. A tenant whom a pattern lets name any number of keys must neither fill
 * the memory with their gates nor have those of others forgotten, which spare a service in an outage.
 */
export class ClosedGates {
  readonly #most: number;
  /** The one that closed last stands last. */
  readonly #gates = new Map<string, ClosedGate>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#gates.size;
  }

  get(id: string): ClosedGate | undefined {
    return this.#gates.get(id);
  }

  has(id: string): boolean {
    return this.#gates.has(id);
  }

  delete(id: string): boolean {
    return this.#gates.delete(id);
  }

  /**
   * Keeps a gate.
   * @returns the one that had to make room for it, null for none: a refusal before a fault that passes; one that held off
   * its user alone before one that others met; the oldest of the user who has most of them.
   */
  set(id: string, gate: ClosedGate): string | null {
    this.#gates.delete(id);
    this.#gates.set(id, gate);
    if (this.#gates.size <= this.#most) return null;
    const all = [...this.#gates];
    const refusals = all.filter(([, { attempts }]) => attempts === 0);
    const spared = refusals.length > 0 ? refusals : all;
    const own = spared.filter(([, { by }]) => by !== null);
    const forgotten = oldestOfWhoHasMost(own.length > 0 ? own : spared);
    if (forgotten !== null) this.#gates.delete(forgotten);
    return forgotten;
  }
}

function oldestOfWhoHasMost(gates: readonly (readonly [id: string, gate: ClosedGate])[]): string | null {
  const counts = new Map<string | null, number>();
  for (const [, { by }] of gates) counts.set(by, (counts.get(by) ?? 0) + 1);
  const most = Math.max(...counts.values());
  return gates.find(([, { by }]) => counts.get(by) === most)?.[0] ?? null;
}

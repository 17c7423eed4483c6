import type { Bytes } from "../bytes.ts";
import { concat, utf8 } from "../bytes.ts";
import { KeyServiceError } from "./key-service-error.ts";
import { transitKeyText } from "./key-text.ts";
import { SingleFlight } from "./single-flight.ts";
import type { TransitApi, TransitKey, TransitKeyName } from "./transit-api.ts";

const LIFETIME_MS = 10 * 60_000;
const MOST = 1000;

/** What is known of a key: how it binds, and what came of the proof that it does; null before it. */
export type KnownVaultKey = { key: TransitKey; binds: boolean | null };

/**
 * Remembers for ten minutes what Vault's keys are, and which of them were seen to refuse a value at a wrong place. Before
 * that has been seen, what a key opens is not used: a key that opens everywhere would let values be moved.
 */
export class VaultKeyProofs {
  readonly #now: () => number;
  readonly #known = new Map<string, KnownVaultKey & { untilMs: number }>();
  readonly #describing = new SingleFlight<TransitKey>();

  /** @param now ms of a clock that never jumps. */
  constructor({ now }: { now: () => number }) {
    this.#now = now;
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#known.size;
  }

  /**
   * What is known of a key; Vault is asked when it is nothing.
   * @throws KeyServiceError as `describeKey`; `unusable` for a key that was seen to open a value at a wrong place.
   */
  async look(api: TransitApi, name: TransitKeyName, signal: AbortSignal): Promise<KnownVaultKey> {
    const text = transitKeyText(name);
    const known = this.#recall(text);
    if (known?.binds === false) throw bindsNothing(name);
    if (known !== null) return known;
    const key = await this.#describing.run(text, (asking) => api.describeKey(name, asking), signal);
    return this.#recall(text) ?? this.#remember(text, { key, binds: null });
  }

  /**
   * Keeps what came of opening a value, that opens at its own place, at a wrong one.
   * @throws KeyServiceError (`unusable`) when it opened there, too.
   */
  conclude(name: TransitKeyName, key: TransitKey, { opensElsewhere }: { opensElsewhere: boolean }): void {
    this.#remember(transitKeyText(name), { key, binds: !opensElsewhere });
    if (opensElsewhere) throw bindsNothing(name);
  }

  /** What a key is, as far as it was asked for not long ago; null when it was not. */
  known(name: TransitKeyName): TransitKey | null {
    return this.#recall(transitKeyText(name))?.key ?? null;
  }

  /** Forgets a key, so that it is described and proven anew. */
  forget(name: TransitKeyName): void {
    this.#known.delete(transitKeyText(name));
  }

  #recall(text: string): KnownVaultKey | null {
    const known = this.#known.get(text);
    if (known === undefined) return null;
    if (known.untilMs > this.#now()) return known;
    this.#known.delete(text);
    return null;
  }

  #remember(text: string, known: KnownVaultKey): KnownVaultKey {
    this.#known.delete(text);
    this.#known.set(text, { ...known, untilMs: this.#now() + LIFETIME_MS });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST) break;
      this.#known.delete(oldest);
    }
    return known;
  }
}

/** Bytes that are the place of no value: for the proof. */
export function wrongPlace(place: Bytes): Bytes {
  return concat(place, utf8("another place"));
}

function bindsNothing(name: TransitKeyName): KeyServiceError {
  return new KeyServiceError(
    "unusable",
    `the Vault key ${transitKeyText(name)} opens values at places they were not sealed for`,
    "make a key with derived=true, or of type aes256-gcm96 on Vault 1.9 or newer, and seal the values under it",
  );
}

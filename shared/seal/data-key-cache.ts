import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, toBase64 } from "../bytes.ts";
import type { KmsContext, WrappedDataKey } from "./kms-api.ts";
import { joinFields } from "./place-binding.ts";
import { SingleFlight } from "./single-flight.ts";

/** How many data keys are kept, for how long, and by which clock. */
export type DataKeyCacheOptions = {
  /** Ms of a clock that never jumps. */
  now: () => number;
  most?: number;
  lifetimeMs?: number;
};

const MOST = 1000;
const LIFETIME_MS = 5 * 60_000;

type Kept = { dataKey: Bytes; untilMs: number };

/**
 * Keeps unwrapped data keys for a short time, each under the key, blob and context that it was unwrapped by: with any other
 * of them the service is asked. Whatever leaves the cache is wiped.
 */
export class DataKeyCache {
  readonly #now: () => number;
  readonly #most: number;
  readonly #lifetimeMs: number;
  /** In the order of their coming, which is that of their end. */
  readonly #kept = new Map<string, Kept>();
  readonly #asking = new SingleFlight<"kept" | "refused">();
  #clearings = 0;

  constructor({ now, most = MOST, lifetimeMs = LIFETIME_MS }: DataKeyCacheOptions) {
    this.#now = now;
    this.#most = most;
    this.#lifetimeMs = lifetimeMs;
  }

  /** How many data keys are kept. */
  get size(): number {
    return this.#kept.size;
  }

  /**
   * The data key in clear, from the cache or by asking; those who want the same one at the same time ask once.
   * @param ask null when key, blob and context do not belong together, which is not kept.
   * @returns a copy, which the caller wipes; null as `ask` gave it.
   * @throws what `ask` threw; the signal's reason when aborted.
   */
  async unwrapped(
    wrapped: WrappedDataKey,
    context: KmsContext,
    ask: (signal: AbortSignal) => Promise<Bytes | null>,
    signal: AbortSignal,
  ): Promise<Bytes | null> {
    const id = idOf(wrapped, context);
    for (;;) {
      signal.throwIfAborted();
      const kept = this.#copyOf(id);
      if (kept !== null) return kept;
      let own: Bytes | null = null;
      const answer = await this.#asking.run(
        id,
        async (asking) => {
          const clearings = this.#clearings;
          own = await ask(asking);
          if (own === null) return "refused";
          if (clearings === this.#clearings) this.#keep(id, own.slice());
          return "kept";
        },
        signal,
      );
      // Who joined another's work has no copy yet, and finds it above unless it had to make room by now.
      if (own !== null || answer === "refused") return own;
    }
  }

  /** Wipes what has been kept long enough; to be called now and then, since nobody may ask for it any more. */
  sweep(): void {
    const now = this.#now();
    for (const [id, { untilMs }] of this.#kept) if (untilMs <= now) this.#wipe(id);
  }

  /** Wipes everything, and keeps nothing of what is being asked for right now. */
  clear(): void {
    this.#clearings++;
    for (const id of [...this.#kept.keys()]) this.#wipe(id);
  }

  #copyOf(id: string): Bytes | null {
    const kept = this.#kept.get(id);
    if (kept === undefined) return null;
    if (kept.untilMs > this.#now()) return kept.dataKey.slice();
    this.#wipe(id);
    return null;
  }

  #keep(id: string, dataKey: Bytes): void {
    this.#wipe(id);
    this.#kept.set(id, { dataKey, untilMs: this.#now() + this.#lifetimeMs });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#most) break;
      this.#wipe(oldest);
    }
  }

  #wipe(id: string): void {
    this.#kept.get(id)?.dataKey.fill(0);
    this.#kept.delete(id);
  }
}

/** Blob and context are long, and nobody's business: a digest stands for them. Made at once, so that nobody who comes second asks. */
function idOf({ key, blob }: WrappedDataKey, context: KmsContext): string {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return toBase64(sha256(joinFields([key, toBase64(blob), ...pairs.flat()])));
}

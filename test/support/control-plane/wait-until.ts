import { setTimeout as sleep } from "node:timers/promises";

const LEAST_TRIES = 5;

/** How long and how often to ask. */
export type WaitOptions = {
  /** What is waited for, for the error. */
  what: string;
  /** Bound of the whole wait; 90 s by default. It does not pass before some tries were made, however long the machine stood still. */
  boundMs?: number;
  /** Pause between two tries; 50 ms by default. */
  everyMs?: number;
  /** Says why waiting on is pointless; null while it is not. */
  giveUp?: () => string | null;
};

/**
 * Tries until `probe` gives something other than null or undefined, and returns it.
 * @throws Error naming what was waited for, and the last failure of `probe`, when the bound passes.
 */
export async function waitUntil<T>(
  options: WaitOptions,
  probe: () => Promise<T | null | undefined> | T | null | undefined,
): Promise<T> {
  const { what, boundMs = 90_000, everyMs = 50 } = options;
  const deadline = Date.now() + boundMs;
  let lastFailure: unknown;
  let tries = 0;
  do {
    tries += 1;
    try {
      const found = await probe();
      if (found !== null && found !== undefined) return found;
      lastFailure = undefined;
    } catch (error) {
      lastFailure = error;
    }
    const pointless = options.giveUp?.() ?? null;
    if (pointless !== null)
      throw new Error(`waited in vain for ${what}: ${pointless}`, { cause: lastFailure });
    await sleep(everyMs);
  } while (Date.now() < deadline || tries < Math.min(LEAST_TRIES, boundMs / everyMs));
  const last = lastFailure instanceof Error ? `; last failure: ${lastFailure.message}` : "";
  throw new Error(`waited ${boundMs} ms in vain for ${what}${last}`, { cause: lastFailure });
}

import assert from "node:assert/strict";
import { setTimeout as currentSleep } from "node:timers/promises";

const PAUSE_MS = 10;
/** The real one, also where a test has the runner put timers in place of these. */
const sleep = currentSleep;

/** Looks whether something has come: null, undefined and false say that it has not. */
export type Look<T> = () => T | null | undefined | false | Promise<T | null | undefined | false>;

/**
 * Looks for something every ten milliseconds and gives what was found.
 * @param boundMs counted in looks, each of which takes longer where the machine has much else to do.
 * @param told lines to show beside what was waited for.
 * @throws AssertionError naming what was waited for when the bound has passed.
 */
export async function lookUntil<T>(
  { what, boundMs, told = () => [] }: { what: string; boundMs: number; told?: () => readonly string[] },
  look: Look<T>,
): Promise<T> {
  for (let looks = 0; looks <= boundMs / PAUSE_MS; looks++) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    await sleep(PAUSE_MS);
  }
  return assert.fail(`waited in vain for: ${what}\n${told().join("")}`);
}

/**
 * Waits for a promise, as long as `lookUntil` would.
 * @throws whatever it is rejected with.
 */
export async function settledWithin<T>(
  options: Parameters<typeof lookUntil>[0],
  promise: Promise<T>,
): Promise<T> {
  let isSettled = false;
  const settled = promise.finally(() => {
    isSettled = true;
  });
  settled.catch(() => undefined);
  await lookUntil(options, () => isSettled);
  return settled;
}

import { countingPromotion, hasBegun } from "../keys/foremost-keys.ts";
import type { SealingKey } from "../keys/sealing-key.ts";
import { type Check, ok, wanting } from "./check.ts";
import type { PublishedOptions } from "./published-options.ts";

const ABOUT = "renewal";
const DAY_MS = 86_400_000;
/** As controllers renew where nothing is said; a key that is never renewed is told of at that age. */
const USUAL_PERIOD_MS = 30 * DAY_MS;
/** A leader that was away is given that much. */
const LATE_MS = 3_600_000;

/**
 * Judges whether keys are renewed as the controller's options say, and what its cut-off time does.
 * @param keys those that a controller would load, as far as that shows.
 */
export function checkRenewal(
  keys: readonly SealingKey[],
  { renewPeriodMs, cutoff, isBySecret }: PublishedOptions,
  now: Date,
): Check[] {
  const begun = keys.filter((key) => hasBegun(key, now));
  const promotions = (key: SealingKey) => [countingPromotion(key, now)].filter((at) => at !== null);
  // Once one is promoted, none seals by its age alone: whoever creates Secrets writes any age there.
  const promoted = begun.filter((key) => promotions(key).length > 0);
  const counting = promoted.length > 0 ? promoted : begun.filter(({ isMadeToWait }) => !isMadeToWait);
  const beganAt = ({ secret, certificate }: SealingKey) =>
    isBySecret ? Date.parse(secret.metadata.creationTimestamp ?? "") : certificate.notBefore.getTime();
  const times = counting
    .flatMap((key) => [beganAt(key), ...promotions(key)])
    .filter((time) => !Number.isNaN(time));
  if (times.length === 0) return [];
  const newest = Math.max(...times);
  const checks = cutoff === null ? [] : [checkCutoff(cutoff, newest, now)];
  return renewPeriodMs === null ? checks : [checkAge(now.getTime() - newest, renewPeriodMs), ...checks];
}

function checkAge(ageMs: number, periodMs: number): Check {
  const age = `the newest key is ${Math.max(0, Math.floor(ageMs / DAY_MS))} days old`;
  if (periodMs === 0) {
    if (ageMs <= USUAL_PERIOD_MS) return ok(ABOUT, `keys are not renewed (--key-renew-period=0); ${age}`);
    const found = `${age}, and keys are not renewed (--key-renew-period=0): what is sealed with it all hangs on one key`;
    return wanting("warn", ABOUT, found, "signet keys new makes one; or give a period, such as 720h");
  }
  if (ageMs <= periodMs + LATE_MS) return ok(ABOUT, `${age}, and is succeeded at ${inDays(periodMs)}`);
  const found = `${age}, and was to be succeeded at ${inDays(periodMs)}`;
  const next =
    "see why no key was made: the controller's log, its rights, and its key service where keys are wrapped";
  return wanting("warn", ABOUT, found, next);
}

function checkCutoff(cutoff: Date, newest: number, now: Date): Check {
  const option = `--key-cutoff-time is ${cutoff.toISOString()}`;
  if (cutoff.getTime() > now.getTime()) {
    const found = `${option}, which lies ahead: each start of the controller makes a new key until then`;
    return wanting("warn", ABOUT, found, "take the option out, or give a moment that is past");
  }
  if (newest < cutoff.getTime()) {
    const found = `${option}, and the newest key is older: none was made at the last start`;
    return wanting("warn", ABOUT, found, "see why no key was made: the controller's log");
  }
  return ok(ABOUT, `${option}, and the newest key is not older: the option has done its work`);
}

function inDays(ms: number): string {
  return ms % DAY_MS === 0 ? `${ms / DAY_MS} days` : `${Math.round((ms / 3_600_000) * 10) / 10} hours`;
}

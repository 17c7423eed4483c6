import type { KeyOrder } from "../../shared/key-publication.ts";
import { promotionTime } from "../../shared/promotion-time.ts";
import type { PublishedKeys } from "./published-keys.ts";
import type { SealingKey } from "./sealing-key.ts";

/** By how much clocks may differ, as controllers have it. */
const SKEW_MS = 300_000;

/**
 * The keys that a controller would seal with by what their Secrets say: the one that was promoted last, else the newest;
 * one for each rule that may be in force where that is not known. What it does seal with may lag behind.
 */
export function foremostKeys(
  keys: readonly SealingKey[],
  { settings }: PublishedKeys,
  now: Date,
): readonly SealingKey[] {
  const known = typeof settings === "string" ? null : settings;
  const eligible = keys.filter((key) => maySeal(key, known?.wrap != null, now));
  // Where nothing else could seal, what waits for its backup does.
  const backedUp = eligible.filter(({ awaitsBackup }) => !awaitsBackup);
  const waiting = known === null || known.requireBackup;
  const sets =
    waiting && backedUp.length > 0 ? (known === null ? [eligible, backedUp] : [backedUp]) : [eligible];
  const orders: readonly KeyOrder[] =
    known === null ? ["CertNotBefore", "SecretCreationTimestamp"] : [known.order];
  return [...new Set(sets.flatMap((set) => orders.flatMap((order) => foremostOf(set, order, now))))];
}

function foremostOf(keys: readonly SealingKey[], order: KeyOrder, now: Date): SealingKey[] {
  const at = (key: SealingKey) => countingPromotion(key, now) ?? Number.NEGATIVE_INFINITY;
  const difference = (a: number, b: number) => (a === b ? 0 : a - b);
  const age = byAge(order);
  return [...keys].sort((a, b) => difference(at(b), at(a)) || age(a, b)).slice(0, 1);
}

/** When the promotion on a key's Secret is from, ms since 1970; null where there is none that can be read. */
export function promotedAt({ promoted }: SealingKey): number | null {
  return (promoted === null ? null : promotionTime(promoted))?.getTime() ?? null;
}

/** Whether a key's certificate is valid by now: controllers refuse it until then. */
export function hasBegun({ certificate }: SealingKey, now: Date): boolean {
  return certificate.notBefore.getTime() <= now.getTime() + SKEW_MS;
}

/** That promotion as far as it counts by now: one for a time to come does not yet. */
export function countingPromotion(key: SealingKey, now: Date): number | null {
  const at = promotedAt(key);
  return at !== null && at <= now.getTime() + SKEW_MS ? at : null;
}

function maySeal(key: SealingKey, onlyWrapped: boolean, now: Date): boolean {
  const { isInUse, wrappedBy, isMadeToWait } = key;
  if (!isInUse || (onlyWrapped && wrappedBy === null)) return false;
  if (isMadeToWait && countingPromotion(key, now) === null) return false;
  return hasBegun(key, now);
}

/** Compares keys by age, the newest first; whole seconds tie easily. */
export function byAge(order: KeyOrder): (a: SealingKey, b: SealingKey) => number {
  const begin = ({ certificate }: SealingKey) => certificate.notBefore.getTime();
  const created = ({ secret }: SealingKey) => new Date(secret.metadata.creationTimestamp ?? 0).getTime();
  const timeOf = order === "CertNotBefore" ? begin : created;
  return (a, b) => timeOf(b) - timeOf(a) || begin(b) - begin(a) || (a.name < b.name ? -1 : 1);
}

import type { KeyOrder } from "../../shared/key-publication.ts";
import { promotedAt } from "./foremost-keys.ts";
import type { PublishedKeys } from "./published-keys.ts";
import type { SealingKey } from "./sealing-key.ts";

/**
 * What the key that seals has for it. Whoever writes Secrets could have made it look newer than it is, so that of several
 * Secrets, or a Secret and the published certificate, the older word counts. Times in ms.
 */
export type Standing = {
  /** Null where it is not known which key seals: then it is that of the oldest wrapped key. */
  fingerprint: string | null;
  /** Why it is not known. */
  unknown: string | null;
  begin: number;
  createdAt: number;
  promotedAt: number;
  /** Both orders count where it is not known which is in force. */
  orders: readonly KeyOrder[];
};

/** What a key has to stand against not to seal. @param keys all in use that can be read. */
export function standing(published: PublishedKeys, keys: readonly SealingKey[], now: Date): Standing {
  const { settings, sealing } = published;
  const known = typeof sealing === "string" ? null : sealing;
  const those = keys.filter(({ certificate, wrappedBy }) =>
    known === null ? wrappedBy !== null : certificate.fingerprint === known.fingerprint,
  );
  const begins = those.map(({ certificate }) => certificate.notBefore.getTime());
  return {
    fingerprint: known?.fingerprint ?? null,
    unknown: typeof sealing === "string" ? sealing : null,
    begin: oldest([...begins, ...(known?.begin == null ? [] : [known.begin.getTime()])]),
    createdAt: oldest(those.map(createdAt)),
    promotedAt: known === null ? Number.NEGATIVE_INFINITY : oldest(those.map((key) => promotedBy(key, now))),
    orders: typeof settings === "string" ? ["CertNotBefore", "SecretCreationTimestamp"] : [settings.order],
  };
}

/**
 * Why a key that lies open would seal, or might, once it is wrapped.
 * @returns a clause about the key; null where it would not.
 */
export function whyItWouldSeal(key: SealingKey, than: Standing): string | null {
  const { certificate } = key;
  if (certificate.fingerprint === than.fingerprint) return null;
  const at = promotedAt(key);
  // One for a time to come will count then.
  const isPromoted = at !== null && at >= than.promotedAt;
  if (!isPromoted && than.orders.every((order) => isOlder(key, than, order))) return null;
  if (than.fingerprint === null)
    return `it is not known which key seals (${than.unknown}), and this one is not older than all that are wrapped`;
  const why = isPromoted
    ? `it is promoted (${new Date(at).toISOString()})`
    : `it is not the older one (it began ${certificate.notBefore.toISOString()})`;
  return `the key that seals is ${than.fingerprint}, and wrapped, this one would in its stead: ${why}`;
}

/** By the order that controllers sort keys in; where it ends in the names of Secrets, it counts as no older. */
function isOlder(key: SealingKey, than: Standing, order: KeyOrder): boolean {
  const begin = key.certificate.notBefore.getTime();
  if (order === "CertNotBefore") return begin < than.begin;
  const created = createdAt(key);
  return created < than.createdAt || (created === than.createdAt && begin < than.begin);
}

function createdAt({ secret }: SealingKey): number {
  return new Date(secret.metadata.creationTimestamp ?? 0).getTime();
}

/** One for a time to come does not count yet. */
function promotedBy(key: SealingKey, now: Date): number {
  const at = promotedAt(key);
  return at === null || at > now.getTime() ? Number.NEGATIVE_INFINITY : at;
}

/** Of nothing, what nothing is older than. */
function oldest(times: readonly number[]): number {
  return times.length === 0 ? Number.NEGATIVE_INFINITY : Math.min(...times);
}

import { utf8 } from "../../shared/bytes.ts";
import { SealError } from "../../shared/errors.ts";
import { byAge, countingPromotion, hasBegun } from "./foremost-keys.ts";
import { readOwnKey } from "./key-moving.ts";
import type { PublishedKeys } from "./published-keys.ts";
import type { SealingKey } from "./sealing-key.ts";

/**
 * Those keys that a controller would load, as far as that shows without a key service: whoever creates Secrets can write any
 * certificate there, with nothing behind it. Left out are keys that have not begun, and those that lie open and are none.
 */
export async function loadableKeys(keys: readonly SealingKey[], now: Date): Promise<SealingKey[]> {
  const found = await Promise.all(
    keys.map(async (key) => hasBegun(key, now) && (key.wrappedBy !== null || (await opensItself(key)))),
  );
  return keys.filter((_, at) => found[at] === true);
}

/**
 * The key that a new one is made like: the one promoted last, which takes more than creating its Secret; else the one that
 * seals; else the newest that lies open. Of several Secrets with the key that seals it is the oldest: of a wrapped one it
 * does not show here whether anything is behind its certificate.
 * @param keys those that a controller would load.
 * @returns null where nothing speaks for any of them.
 */
export function modelKey(
  keys: readonly SealingKey[],
  { settings, sealing }: PublishedKeys,
  now: Date,
): SealingKey | null {
  const at = (key: SealingKey) => countingPromotion(key, now) ?? 0;
  const [last] = keys.filter((key) => at(key) > 0).sort((a, b) => at(b) - at(a));
  if (last !== undefined) return last;
  if (typeof sealing !== "string") {
    const those = keys.filter(({ certificate }) => certificate.fingerprint === sealing.fingerprint);
    const [oldest] = those.sort(byAge("SecretCreationTimestamp")).reverse();
    if (oldest !== undefined) return oldest;
  }
  const order = typeof settings === "string" ? "CertNotBefore" : settings.order;
  const open = keys.filter(({ wrappedBy }) => wrappedBy === null);
  return open.sort(byAge(order))[0] ?? null;
}

async function opensItself(key: SealingKey): Promise<boolean> {
  const pem = utf8(key.keyText);
  try {
    await readOwnKey(key, pem);
    return true;
  } catch (error) {
    if (error instanceof SealError) return false;
    throw error;
  } finally {
    pem.fill(0);
  }
}

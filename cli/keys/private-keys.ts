import { SealError, UsageError } from "../../shared/errors.ts";
import type { OpeningKey } from "../../shared/seal/opening-key.ts";
import { privateKeyPem, readOwnKey } from "./key-moving.ts";
import type { SealingKey } from "./sealing-key.ts";
import type { UserWrappingServices } from "./wrapping-services.ts";

/** What the private halves of a cluster's keys are had with. */
export type PrivateKeyParts = {
  services: UserWrappingServices;
  /** The cluster that wrapped keys are bound to; asked for with the first of them. */
  clusterId: () => Promise<string>;
  /** Keys from files: one of them stands in for a wrapped one with the same fingerprint. */
  offline: readonly OpeningKey[];
};

/** The keys that open, and those that could not be had. */
export type PrivateKeys = {
  opening: ReadonlyMap<SealingKey, OpeningKey>;
  /** Why, and the next step. */
  without: readonly { key: SealingKey; problem: string; next: string }[];
};

/**
 * Reads the private halves of sealing keys as a controller does: those that lie open from their Secrets, wrapped ones from a
 * file where one is at hand, else by their key service, under the rights of whoever runs this.
 * @throws UsageError when it is not said how a key service is reached.
 */
export async function privateKeys(
  keys: readonly SealingKey[],
  { services, clusterId, offline }: PrivateKeyParts,
): Promise<PrivateKeys> {
  const opening = new Map<SealingKey, OpeningKey>();
  const without: { key: SealingKey; problem: string; next: string }[] = [];
  for (const key of keys) {
    const { fingerprint, notBefore } = key.certificate;
    const at = key.wrappedBy === null ? undefined : offline.find((one) => one.fingerprint === fingerprint);
    try {
      const read = at ?? (await fromSecret(key, services, clusterId));
      opening.set(key, { ...read, since: notBefore });
    } catch (error) {
      if (!(error instanceof SealError) || error instanceof UsageError) throw error;
      without.push({ key, problem: error.message, next: error.hint });
    }
  }
  return { opening, without };
}

async function fromSecret(
  key: SealingKey,
  services: UserWrappingServices,
  clusterId: () => Promise<string>,
): Promise<OpeningKey> {
  // What lies open is bound to no cluster.
  const bound = key.wrappedBy === null ? "" : await clusterId();
  const pem = await privateKeyPem(key, { services, clusterId: bound, to: null });
  try {
    return await readOwnKey(key, pem);
  } finally {
    pem.fill(0);
  }
}

import type { OpeningKey } from "../../shared/seal/opening-key.ts";
import { clusterIdentity } from "../cluster-identity.ts";
import type { Io } from "../io.ts";
import { noticesOf } from "../notices.ts";
import { NO_KEYS, readOpeningKeys } from "../opening-keys.ts";
import { say } from "./connected-secrets.ts";
import type { KeysOptions } from "./keys-options.ts";
import { privateKeys } from "./private-keys.ts";
import type { SealingKey } from "./sealing-key.ts";
import { UserWrappingServices } from "./wrapping-services.ts";

/**
 * The private halves of a cluster's keys, under the user's rights, and from the files of `--private-key`. Those that cannot be had
 * are told of, and left out.
 * @throws UsageError, FileError, InputError when files or key services cannot be used at all.
 */
export async function keysAtHand(
  keys: readonly SealingKey[],
  options: KeysOptions,
  io: Io,
): Promise<ReadonlyMap<SealingKey, OpeningKey>> {
  const services = new UserWrappingServices(options, io, noticesOf(io, { ...options, v: 0 }));
  try {
    const clusterId = () => clusterIdentity(options, io);
    const offline = await offlineKeys(options, io);
    const { opening, without } = await privateKeys(keys, { services, offline, clusterId });
    for (const { key, problem } of without)
      say(io, `note: what needs sealing key ${key.name} cannot be opened here: ${problem}`);
    return opening;
  } finally {
    await services.close();
  }
}

/** The private keys of the files that were named. @throws what {@link readOpeningKeys} throws. */
export async function offlineKeys(options: KeysOptions, io: Io): Promise<readonly OpeningKey[]> {
  const files = [...options["private-key"], ...options["recovery-private-key"]];
  return (files.length === 0 ? NO_KEYS : await readOpeningKeys(files, io, false)).keys;
}

/** Keys in the order in which they are tried. */
export function newestFirst(keys: Iterable<OpeningKey>): OpeningKey[] {
  return [...keys].sort((a, b) => (b.since?.getTime() ?? 0) - (a.since?.getTime() ?? 0));
}

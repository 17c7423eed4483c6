import type { Io } from "../io.ts";
import { say } from "./connected-secrets.ts";
import { keysAtHand } from "./keys-at-hand.ts";
import type { KeysOptions } from "./keys-options.ts";
import type { SealingKey } from "./sealing-key.ts";

/**
 * Those of the keys that stay that would open what they are for. The certificate of a key that is to go is public: whoever creates
 * Secrets can write one more with it, and anything for a private half. So such a twin stays only where its own Secret
 * opens; a key from a file says nothing of it. The others are told of.
 * @throws UsageError, FileError, InputError when key services cannot be used at all.
 */
export async function withoutHollowTwins(
  staying: readonly SealingKey[],
  going: readonly SealingKey[],
  options: KeysOptions,
  io: Io,
): Promise<SealingKey[]> {
  const leaving = new Set(going.map(({ certificate }) => certificate.fingerprint));
  const twins = staying.filter(({ certificate }) => leaving.has(certificate.fingerprint));
  if (twins.length === 0) return [...staying];
  const bySecretAlone = { ...options, "private-key": [], "recovery-private-key": [] };
  const opening = await keysAtHand(twins, bySecretAlone, io);
  const hollow = new Set(twins.filter((key) => !opening.has(key)));
  for (const { name } of hollow)
    say(
      io,
      `note: ${name} has the certificate of a key that is to go, and its own Secret could not be opened: it does not count as staying; if nobody knows who made it, retire it, too`,
    );
  return staying.filter((key) => !hollow.has(key));
}

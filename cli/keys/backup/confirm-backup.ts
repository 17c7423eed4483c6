import { createHash } from "node:crypto";
import type { SopsUnwrapper } from "../../../shared/document/sops/key-services.ts";
import { InputError, SealError } from "../../../shared/errors.ts";
import { BACKUP_ANNOTATION, BACKUP_WRITTEN_ANNOTATION } from "../../../shared/sealing-key-secret.ts";
import { type KeyConnection, readableKeys } from "../connected-secrets.ts";
import type { SealingKey } from "../sealing-key.ts";
import { type BackupFile, readBackup } from "./backup-document.ts";
import { provePair } from "./canary.ts";
import { recipientsText, requireIndependent, wrappingKeysOf } from "./independent-recipients.ts";
import { copiedKeys } from "./key-copies.ts";

/** At the end of what is said of the file that was written, once that is confirmed. */
const CONFIRMED = "confirmed";

/** What a key Secret says of the file that was written for it (when, its digest, for whom), once that is confirmed. */
export function confirmedMark(written: string): string {
  return written.endsWith(` ${CONFIRMED}`) ? written : `${written} ${CONFIRMED}`;
}

/** SHA-256 in small hexadecimal digits. */
export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Writes onto the Secrets of the keys that a backup holds that it is there. It holds a key when it is, byte for byte, the
 * file that was written for it, or when it opens here and the key opens what the certificate seals.
 * @param where names the backup in errors.
 * @param now written down as the time of it.
 * @returns the keys whose backup is confirmed, and those of them of which this very file had confirmed it before.
 * @throws InputError when it is a backup of none of the keys here, in use or not, lies open, or depends on what wraps them.
 */
export async function confirmBackup(
  bytes: Uint8Array,
  where: string,
  { secrets, published }: KeyConnection,
  unwrapper: SopsUnwrapper,
  now: Date,
): Promise<{ keys: readonly SealingKey[]; before: readonly SealingKey[] }> {
  const backup = readBackup(bytes, where);
  const { recipients } = backup;
  if (recipients === null)
    throw new InputError(
      `${where} is not encrypted: it is no backup`,
      "write one: signet keys backup --age RECIPIENT -w FILE",
    );
  const keys = (await secrets.all()).flatMap((secret) => readableKeys(secret, () => undefined));
  const { settings } = await published();
  const inUse = keys.filter((key) => key.isInUse);
  requireIndependent(recipients, wrappingKeysOf(inUse, settings));
  const mark = `sha256:${digestOf(bytes)}`;
  const saidOf = ({ secret }: SealingKey) => secret.metadata.annotations?.[BACKUP_WRITTEN_ANNOTATION] ?? "";
  const written = keys.filter((key) => saidOf(key).split(" ").includes(mark));
  const held = written.length > 0 ? written : await heldBy(backup, where, keys, unwrapper);
  if (held.length === 0)
    throw new InputError(
      `${where} holds no key that is here`,
      "see signet keys list, and name the backup of these keys",
    );
  const independent = requireIndependent(recipients, wrappingKeysOf([...inUse, ...held], settings));
  const before = written.filter((key) => key.backup !== null && saidOf(key).endsWith(` ${CONFIRMED}`));
  for (const key of held.filter((one) => !before.includes(one))) {
    const annotations = {
      [BACKUP_ANNOTATION]: `${now.toISOString()} ${recipientsText(independent)}`,
      // Kept, so that the same file is known again; of another one it says nothing.
      [BACKUP_WRITTEN_ANNOTATION]: written.includes(key) ? confirmedMark(saidOf(key)) : null,
    };
    await secrets.mark(key.secret, { annotations });
  }
  return { keys: held, before };
}

async function heldBy(
  backup: BackupFile,
  where: string,
  keys: readonly SealingKey[],
  unwrapper: SopsUnwrapper,
): Promise<SealingKey[]> {
  let objects: unknown[];
  try {
    objects = await backup.open(unwrapper);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    throw new InputError(
      `${where} is not the file that was written for a key here, and it does not open here: ${error.message}`,
      "give what was written, unchanged, or confirm it where a key of a recipient is at hand",
    );
  }
  const copies = copiedKeys(objects, where);
  const proven: string[] = [];
  for (const { name, certificatePem, privateKeyPem } of copies)
    proven.push((await provePair(certificatePem, privateKeyPem, `${where}: ${name}`)).fingerprint);
  return keys.filter(({ certificate }) => proven.includes(certificate.fingerprint));
}

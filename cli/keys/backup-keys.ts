import { fromUtf8 } from "../../shared/bytes.ts";
import type { SopsUnwrapper } from "../../shared/document/sops/key-services.ts";
import type { SopsRecipient } from "../../shared/document/sops/metadata.ts";
import { InputError, SealError, UsageError } from "../../shared/errors.ts";
import { ACTIVE, BACKUP_ANNOTATION, BACKUP_WRITTEN_ANNOTATION } from "../../shared/sealing-key-secret.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { clusterIdentity } from "../cluster-identity.ts";
import type { Io } from "../io.ts";
import { UserKeyServices } from "../key-services/user-key-services.ts";
import { noticesOf } from "../notices.ts";
import { writeProduct } from "../output-file.ts";
import { linesOf } from "../sops/recipient-record.ts";
import { recipientsOfUser } from "../sops/recipients.ts";
import { UserSopsKeys } from "../sops/user-sops-keys.ts";
import { type CopiedKey, readBackup, writeBackup } from "./backup/backup-document.ts";
import { backupInput } from "./backup/backup-input.ts";
import { provePair } from "./backup/canary.ts";
import { confirmBackup, confirmedMark, digestOf } from "./backup/confirm-backup.ts";
import { recipientsText, requireIndependent, wrappingKeysOf } from "./backup/independent-recipients.ts";
import { requireNothingLost } from "./backup/replaced-backup.ts";
import { type KeyConnection, readableKeys, say, withKeysToWrite } from "./connected-secrets.ts";
import type { KeyAction } from "./key-action.ts";
import { privateKeyPem } from "./key-moving.ts";
import type { KeysOptions } from "./keys-options.ts";
import { keysNamed } from "./named-key.ts";
import type { SealingKey } from "./sealing-key.ts";
import { UserWrappingServices } from "./wrapping-services.ts";

/** `signet keys backup`: copies sealing keys out of the cluster, encrypted, and takes down that this was done. */
export const backupKeys: KeyAction = {
  flags: [
    "age",
    "kms",
    "hc-vault-transit",
    "encryption-context",
    "output-file",
    "all",
    "overwrite",
    "confirm",
    "kms-allowed-roles",
    "kms-allowed-profiles",
    "kms-allowed-contexts",
  ],
  async run(names, options, io) {
    const recipients = recipientsOfUser(options, { env: {} });
    const isConfirming = recipients.length === 0 && options.confirm && options["output-file"] === null;
    if (options.all && (names.length > 0 || isConfirming))
      throw new UsageError("--all goes with neither names nor what is to be confirmed", "leave it out");
    if (isConfirming) return confirm(names, options, io);
    if (recipients.length === 0)
      throw new UsageError(
        "it is not said who is to open the backup",
        "name recipients with --age, --kms or --hc-vault-transit; to confirm a backup that was written: --confirm FILE",
      );
    if (options["output-file"] === null && options.confirm)
      throw new UsageError(
        "a backup on standard output cannot be confirmed before it is stored",
        "store it, then give it to: signet keys backup --confirm FILE",
      );
    await backUp(names, recipients, options, io);
  },
};

async function backUp(
  names: readonly string[],
  recipients: readonly SopsRecipient[],
  options: KeysOptions,
  io: Io,
): Promise<void> {
  const notices = noticesOf(io, { ...options, v: 0 });
  const services = new UserWrappingServices(options, io, notices);
  const keyServices = new UserKeyServices(options, io, notices);
  try {
    await withKeysToWrite(options, io, async (connection) => {
      const { secrets, writes, published, namespace } = connection;
      const found = names.length > 0 || options.all ? await secrets.all() : await secrets.inUse();
      const keys = found.flatMap((secret) =>
        readableKeys(secret, (problem) => say(io, `warning: ${problem}`)),
      );
      const chosen = names.length === 0 ? keys : names.flatMap((name) => keysNamed(name, found, namespace));
      const file = options["output-file"];
      if (file !== null && !options.overwrite) requireNothingLost(file, chosen, io);
      if (chosen.length === 0)
        throw new InputError(
          `there is no sealing key in use in the namespace ${namespace}`,
          "see signet keys list; --controller-namespace names the controller's",
        );
      const independent = requireIndependent(
        recipients,
        wrappingKeysOf([...keys.filter(({ isInUse }) => isInUse), ...chosen], (await published()).settings),
      );
      const isWrapped = chosen.some(({ wrappedBy }) => wrappedBy !== null);
      const clusterId = isWrapped ? await clusterIdentity(options, io) : "";
      const copies: CopiedKey[] = [];
      for (const key of chosen) copies.push(await copyOf(key, services, clusterId));
      const sops = new UserSopsKeys(keyServices, options, io);
      say(io, `encrypted for ${linesOf({ groups: [recipients] }).join("; ")}`);
      const written = await writeBackup(copies, {
        recipients,
        wrapper: sops.wrapper(namespace, { recipients, by: "user" }),
        format: file?.endsWith(".json") ? "json" : "yaml",
        now: io.now(),
      });
      try {
        const bytes = Buffer.from(written.text);
        await requireSame(bytes, "the backup", written.unwrapper, copies);
        await writes.write(file ?? "the backup on standard output", () =>
          writeProduct(bytes, { format: null, "sealed-secret-file": file }, io, "owner-only"),
        );
        const isOpened =
          file !== null && (await readBack(file, written.unwrapper, copies, sops, namespace, io));
        const time = io.now().toISOString();
        const text = `${time} sha256:${digestOf(bytes)} ${recipientsText(independent)}`;
        const annotations = options.confirm
          ? {
              [BACKUP_ANNOTATION]: `${time} ${recipientsText(independent)}`,
              [BACKUP_WRITTEN_ANNOTATION]: confirmedMark(text),
            }
          : { [BACKUP_WRITTEN_ANNOTATION]: text };
        await markAll(chosen, connection, annotations);
        tellWritten(chosen, isOpened, options, io);
      } finally {
        written.wipe();
      }
    });
  } finally {
    await services.close();
    await keyServices.close();
  }
}

/** A key as it goes into a backup, proven to open what its certificate seals. */
async function copyOf(
  key: SealingKey,
  services: UserWrappingServices,
  clusterId: string,
): Promise<CopiedKey> {
  const { name, namespace, certificate, isInUse } = key;
  const bytes = await privateKeyPem(key, { services, clusterId, to: null });
  try {
    const pem = fromUtf8(bytes) ?? "";
    await provePair(certificate.pem, pem, `Secret ${namespace}/${name}`);
    return {
      name,
      namespace,
      label: isInUse ? ACTIVE : key.label,
      certificatePem: certificate.pem,
      privateKeyPem: pem,
    };
  } finally {
    bytes.fill(0);
  }
}

/** @returns whether the keys at hand opened it, as those of a recipient will have to. */
async function readBack(
  file: string,
  unwrapper: SopsUnwrapper,
  copies: readonly CopiedKey[],
  sops: UserSopsKeys,
  namespace: string,
  io: Io,
): Promise<boolean> {
  const bytes = backupInput([file], io).bytes;
  await requireSame(bytes, file, unwrapper, copies);
  try {
    await requireSame(bytes, file, sops.unwrapper(namespace, "not-compared"), copies);
    return true;
  } catch (error) {
    // Who makes backups need not be able to open them.
    if (error instanceof SealError && !(error instanceof BackupDiffersError)) return false;
    throw error;
  }
}

async function requireSame(
  bytes: Uint8Array,
  where: string,
  unwrapper: SopsUnwrapper,
  copies: readonly CopiedKey[],
): Promise<void> {
  const objects = (await readBackup(bytes, where).open(unwrapper)) as { data?: Record<string, unknown> }[];
  const items = new Set(objects.map(({ data }) => data?.["tls.key"]));
  const isThere = ({ privateKeyPem: pem }: CopiedKey) => items.has(Buffer.from(pem).toString("base64"));
  if (objects.length !== copies.length || !copies.every(isThere)) throw new BackupDiffersError(where);
}

/** What was written does not hold the keys that it was to hold. */
class BackupDiffersError extends InputError {
  constructor(where: string) {
    super(`${where} does not hold the keys that were written into it`, "write the backup again, elsewhere");
  }
}

async function markAll(
  keys: readonly SealingKey[],
  { secrets }: KeyConnection,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  for (const { secret } of keys) await secrets.mark(secret, { annotations });
}

function tellWritten(keys: readonly SealingKey[], isOpened: boolean, options: KeysOptions, io: Io): void {
  const file = options["output-file"];
  for (const { name, certificate } of keys)
    say(io, `sealing key ${name} (${certificate.fingerprint}) is in the backup`);
  if (file !== null) {
    say(
      io,
      isOpened
        ? `${file} was read back, and opened with a key of yours`
        : `${file} was read back; no key at hand here opens it, so try it where one is: sops decrypt ${shellWord(file)}`,
    );
  }
  if (options.confirm) say(io, "the backup is confirmed");
  else
    say(
      io,
      "the backup is not confirmed yet: store it, then give what was stored to: signet keys backup --confirm FILE",
    );
}

async function confirm(names: readonly string[], options: KeysOptions, io: Io): Promise<void> {
  const { bytes, where } = backupInput(names, io);
  const notices = noticesOf(io, { ...options, v: 0 });
  const keyServices = new UserKeyServices(options, io, notices);
  try {
    await withKeysToWrite(options, io, async (connection) => {
      const unwrapper = new UserSopsKeys(keyServices, options, io).unwrapper(
        connection.namespace,
        "not-compared",
      );
      const { keys, before } = await confirmBackup(bytes, where, connection, unwrapper, io.now());
      for (const key of keys) {
        const how = before.includes(key) ? "confirmed already" : "confirmed";
        say(io, `the backup of sealing key ${key.name} (${key.certificate.fingerprint}) is ${how}`);
      }
    });
  } finally {
    await keyServices.close();
  }
}

import { fromUtf8 } from "../../shared/bytes.ts";
import { InputError, UsageError } from "../../shared/errors.ts";
import { parseWrappingKey, type WrappingKey } from "../../shared/seal/wrapping-key.ts";
import { KEY_LABEL } from "../../shared/sealing-key-secret.ts";
import { clusterToBindTo } from "../cluster-identity.ts";
import type { Io } from "../io.ts";
import { UserKeyServices } from "../key-services/user-key-services.ts";
import { noticesOf } from "../notices.ts";
import { UserSopsKeys } from "../sops/user-sops-keys.ts";
import { type BackupFile, readBackup } from "./backup/backup-document.ts";
import { backupInput } from "./backup/backup-input.ts";
import { provePair } from "./backup/canary.ts";
import { independentRecipients, recipientsText, wrappingKeysOf } from "./backup/independent-recipients.ts";
import { copiedKeys } from "./backup/key-copies.ts";
import { nameBeside } from "./backup/name-beside.ts";
import { type ProvenCopy, restoredSecret } from "./backup/restored-secret.ts";
import { type KeyConnection, readableKeys, say, withKeysToWrite } from "./connected-secrets.ts";
import type { KeyAction } from "./key-action.ts";
import { type KeyMoving, privateKeyPem } from "./key-moving.ts";
import type { KeySecretObject } from "./key-secrets.ts";
import type { KeysOptions } from "./keys-options.ts";
import { requireBegun } from "./move-consent.ts";
import type { PublishedKeys } from "./published-keys.ts";
import { readSealingKey, type SealingKey } from "./sealing-key.ts";
import { takeBackCommand } from "./taken-out.ts";
import { wrappedSecret } from "./wrapped-secret.ts";
import { UserWrappingServices } from "./wrapping-services.ts";

/** `signet keys restore`: copies sealing keys of a backup into the cluster, where they open, and seal once promoted. */
export const restoreKeys: KeyAction = {
  flags: ["with", "dry-run", "kms-allowed-roles", "kms-allowed-profiles", "kms-allowed-contexts"],
  async run(names, options, io) {
    const to = wrappingOf(options);
    const { bytes, where } = backupInput(names, io);
    const notices = noticesOf(io, { ...options, v: 0 });
    const services = new UserWrappingServices(options, io, notices);
    const keyServices = new UserKeyServices(options, io, notices);
    try {
      await withKeysToWrite(options, io, async (connection) => {
        const backup = readBackup(bytes, where);
        const sops = new UserSopsKeys(keyServices, options, io);
        const unwrapper = sops.unwrapper(connection.namespace, "not-compared");
        const copies = await provenCopies(await backup.open(unwrapper), where);
        const clusterId = to === null ? "" : await clusterToBindTo(options, io);
        await restore(copies, backup, { services, clusterId, to }, connection, options, io);
      });
    } finally {
      await services.close();
      await keyServices.close();
    }
  },
};

function wrappingOf({ with: text }: KeysOptions): WrappingKey | null {
  if (text === null) return null;
  const key = parseWrappingKey(text);
  if (key !== null) return key;
  throw new UsageError(
    "--with is no key of AWS KMS or Vault",
    "write --with kms:ARN, with the whole ARN of a key, or --with vault:MOUNT/KEY",
  );
}

/** All of them are judged before the first is written; a key that is there twice counts once. */
async function provenCopies(objects: readonly unknown[], where: string): Promise<ProvenCopy[]> {
  const proven = new Map<string, ProvenCopy>();
  for (const copy of copiedKeys(objects, where)) {
    const { name, certificatePem, privateKeyPem: pem } = copy;
    const certificate = await provePair(certificatePem, pem, `${where}: ${name}`);
    if (!proven.has(certificate.fingerprint)) proven.set(certificate.fingerprint, { ...copy, certificate });
  }
  return [...proven.values()];
}

async function restore(
  copies: readonly ProvenCopy[],
  backup: BackupFile,
  moving: KeyMoving,
  connection: KeyConnection,
  options: KeysOptions,
  io: Io,
): Promise<void> {
  const { secrets, published, namespace } = connection;
  const now = io.now();
  const found = await secrets.all();
  const keys = found.flatMap((secret) => readableKeys(secret, () => undefined, { toWrite: false }));
  const { settings } = await published();
  const wrapping = [...wrappingKeysOf(keys, settings), ...(moving.to === null ? [] : [moving.to])];
  const independent = independentRecipients(backup.recipients ?? [], wrapping);
  const confirmed = independent.length === 0 ? null : `${now.toISOString()} ${recipientsText(independent)}`;
  const missing = copies.filter((copy) => !isThere(copy, keys, io));
  requireBegun(
    missing.map((copy) => readSealingKey(restoredSecret(copy, { ...copy, namespace, now, backup: null }))),
    now,
  );
  if (backup.recipients === null)
    say(io, "warning: that file is not encrypted; whoever reads it has these keys");
  for (const copy of missing) {
    if (options["dry-run"]) {
      say(io, `sealing key ${copy.name} (${copy.certificate.fingerprint}) would be restored`);
      continue;
    }
    const name = await write(copy, confirmed, moving, { connection, found, now });
    const written = await proveWritten(name, copy, moving, connection);
    const { fingerprint } = copy.certificate;
    const other = name === copy.name ? "" : `, as ${name}, since another key has its name`;
    say(
      io,
      `sealing key ${copy.name} (${fingerprint}) is restored${other}, and opens what its certificate seals`,
    );
    if (!written.isInUse) {
      say(io, `it stays out of use (${written.label}); to take it back: ${takeBackCommand(written)}`);
      continue;
    }
    say(io, `it does not seal before it is promoted: signet keys promote ${fingerprint}`);
  }
  if (missing.length > 0 && !options["dry-run"])
    for (const text of afterwards(settings, moving.to)) say(io, text);
}

function isThere({ name, certificate }: ProvenCopy, keys: readonly SealingKey[], io: Io): boolean {
  const same = keys.filter((key) => key.certificate.fingerprint === certificate.fingerprint);
  const there = same.find(({ isInUse }) => isInUse) ?? same[0];
  if (there === undefined) return false;
  const label = there.secret.metadata.labels?.[KEY_LABEL] ?? "";
  const how = there.isInUse ? "left as it is" : `taken out of use there (${label}), left as it is`;
  say(io, `sealing key ${name} (${certificate.fingerprint}) is in the Secret ${there.name} already: ${how}`);
  return true;
}

type Writing = { connection: KeyConnection; found: readonly KeySecretObject[]; now: Date };

/** @returns the name under which it is written: its own, or another one where that is taken. */
async function write(
  copy: ProvenCopy,
  backup: string | null,
  moving: KeyMoving,
  { connection: { secrets, namespace }, found, now }: Writing,
): Promise<string> {
  const isTaken = (name: string) => found.some(({ metadata }) => metadata.name === name);
  const names = [copy.name, nameBeside(copy.name, copy.certificate.fingerprint)];
  for (const name of names.filter((one) => !isTaken(one))) {
    const plain = restoredSecret(copy, { name, namespace, now, backup });
    if (await secrets.create(await wrappedSecret(plain, moving))) return name;
  }
  throw new InputError(
    `the names ${names.join(" and ")} in the namespace ${namespace} are taken by other Secrets`,
    "see what those are, and rename or remove one; then run the command again",
  );
}

/** @returns the key in the cluster. What that gives back has to open what is sealed under the certificate that it gives back. */
async function proveWritten(
  name: string,
  { certificate }: ProvenCopy,
  moving: KeyMoving,
  { secrets, namespace }: KeyConnection,
): Promise<SealingKey> {
  const secret = (await secrets.all()).find(({ metadata }) => metadata.name === name);
  if (secret === undefined)
    throw new InputError(`Secret ${namespace}/${name} is gone since it was written`, "run the command again");
  const key = readSealingKey(secret, { toWrite: false });
  const pem = await privateKeyPem(key, moving);
  try {
    const { fingerprint } = await provePair(
      key.certificate.pem,
      fromUtf8(pem) ?? "",
      `Secret ${namespace}/${name}`,
    );
    if (fingerprint !== certificate.fingerprint)
      throw new InputError(`Secret ${namespace}/${name} was changed meanwhile`, "run the command again");
    return key;
  } finally {
    pem.fill(0);
  }
}

function afterwards(settings: PublishedKeys["settings"], to: WrappingKey | null): string[] {
  if (typeof settings === "string")
    return [
      `note: it is not known whose controller runs here (${settings}); that of Sealed Secrets itself seals under the newest key, restored or not`,
    ];
  if (settings.wrap === null || to !== null) return [];
  return [
    `warning: the controller wraps its keys by ${settings.wrap}, and these lie open in their Secrets now: signet keys wrap --with ${settings.wrap}; next time restore with --with ${settings.wrap}`,
  ];
}

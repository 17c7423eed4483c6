import { fromBase64, fromUtf8 } from "../../shared/bytes.ts";
import { InputError, SealError } from "../../shared/errors.ts";
import { readPromotionMark } from "../../shared/promotion-time.ts";
import { type Certificate, readCertificate } from "../../shared/seal/certificate.node.ts";
import { looksWrapped, type WrappingKey, wrappingKeyOf } from "../../shared/seal/wrapping-key.ts";
import {
  ACTIVE,
  AWAITS_BACKUP_ANNOTATION,
  AWAITS_PROMOTION_ANNOTATION,
  BACKUP_ANNOTATION,
  KEY_LABEL,
  PRIMARY_ANNOTATION,
  RESTORED_ANNOTATION,
  WRAPPED,
} from "../../shared/sealing-key-secret.ts";
import { shellWord } from "../../shared/shell-word.ts";
import type { KeySecretObject } from "./key-secrets.ts";

/** A sealing key as its Secret tells of it, before anything is unwrapped. */
export type SealingKey = {
  secret: KeySecretObject;
  /** Name and namespace of the Secret. */
  name: string;
  namespace: string;
  certificate: Certificate;
  /** Text of the item tls.key. */
  keyText: string;
  /** The key it is wrapped by; null where it is not. */
  wrappedBy: WrappingKey | null;
  /** Value of its label: `active` and `wrapped` are in use, any other value takes a key out. */
  label: string;
  isInUse: boolean;
  /** What its annotations say of its backup; null for nothing. */
  backup: string | null;
  /** The time of its promotion, as written; null where there is none, or one that was not written onto this very Secret. */
  promoted: string | null;
  /** It came from a backup. */
  isRestored: boolean;
  /** It does not seal before it is promoted: it came from a backup, or was made so. */
  isMadeToWait: boolean;
  /** Where backups are required, it does not seal before one is confirmed. */
  awaitsBackup: boolean;
};

/**
 * Reads a key Secret, of a key that was taken out too.
 * @param how `toWrite`: whether it is to be written afterwards; it is when nothing is said.
 * @throws InputError naming the Secret when it is none that a controller would take.
 */
export function readSealingKey(secret: KeySecretObject, how: { toWrite?: boolean } = {}): SealingKey {
  const { name = "", namespace = "", labels, annotations } = secret.metadata;
  const refuse = (problem: string) =>
    new InputError(
      `Secret ${namespace}/${name} is no sealing key to use: ${problem}`,
      `restore it, or take it out: kubectl -n ${shellWord(namespace)} label secret ${shellWord(name)} --overwrite ${KEY_LABEL}=retired`,
    );
  const item = (key: string): string => {
    const text: unknown = secret.data?.[key];
    const decoded = fromBase64(typeof text === "string" ? text : "");
    const value = "bytes" in decoded && decoded.bytes.length > 0 ? fromUtf8(decoded.bytes) : null;
    if (value === null) throw refuse(`it has no item ${key} that is text`);
    return value;
  };
  const { toWrite = true } = how;
  if (toWrite && secret.immutable === true) throw refuse("it is immutable, so it cannot be written");
  const keyText = item("tls.key");
  // Without any, by its name alone.
  const label = labels?.[KEY_LABEL] ?? ACTIVE;
  const isInUse = label === ACTIVE || label === WRAPPED;
  const isWrapped = isInUse ? label === WRAPPED : looksWrapped(keyText);
  if (isWrapped && !looksWrapped(keyText))
    throw refuse("it is labelled as wrapped, and tls.key holds no wrapped key");
  if (!isWrapped && looksWrapped(keyText))
    throw refuse("tls.key holds a wrapped key, and the label does not say so");
  const wrappedBy = isWrapped ? wrappingKeyOf(keyText) : null;
  if (isWrapped && wrappedBy === null)
    throw refuse("tls.key holds a wrapped key that was cut, edited or made by another version");
  const promotion = readPromotionMark(annotations?.[PRIMARY_ANNOTATION] ?? "", secret.metadata.uid);
  const isRestored = annotations?.[RESTORED_ANNOTATION] !== undefined;
  return {
    secret,
    name,
    namespace,
    certificate: certificateOf(item("tls.crt"), refuse),
    keyText,
    wrappedBy,
    label,
    isInUse,
    backup: annotations?.[BACKUP_ANNOTATION] || null,
    promoted: promotion.isProven ? promotion.time : null,
    isRestored,
    isMadeToWait: isRestored || annotations?.[AWAITS_PROMOTION_ANNOTATION] !== undefined,
    awaitsBackup: annotations?.[AWAITS_BACKUP_ANNOTATION] !== undefined && !annotations[BACKUP_ANNOTATION],
  };
}

function certificateOf(pem: string, refuse: (problem: string) => InputError): Certificate {
  try {
    return readCertificate(pem);
  } catch (error) {
    throw refuse(`tls.crt ${error instanceof SealError ? error.message : "cannot be read"}`);
  }
}

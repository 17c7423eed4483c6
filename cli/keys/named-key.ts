import { InputError, UsageError } from "../../shared/errors.ts";
import type { KeySecretObject } from "./key-secrets.ts";
import { readSealingKey, type SealingKey } from "./sealing-key.ts";

const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}$/;
const PREFIX = /^SHA256:[A-Za-z0-9+/]{8,43}$/;

/** Whether a text is the whole fingerprint of a key, as every command shows it. */
export function isFingerprint(text: string): boolean {
  return FINGERPRINT.test(text);
}

/**
 * The fingerprint that a text names: itself, or the one that it is the begin of.
 * @returns null where it is none of these.
 * @throws UsageError for what is no begin of a fingerprint, or one of less than 8 letters; InputError where several fit.
 */
export function fingerprintNamed(text: string, fingerprints: Iterable<string>): string | null {
  if (!PREFIX.test(text))
    throw new UsageError(
      `${JSON.stringify(text)} is no fingerprint of a key`,
      "write SHA256: and the 43 letters that signet keys list shows, or the first 8 of them at least",
    );
  const fitting = new Set([...fingerprints].filter((one) => one.startsWith(text)));
  if (fitting.size <= 1) return [...fitting][0] ?? null;
  throw new InputError(
    `${text} fits ${fitting.size} sealing keys`,
    "write more of the fingerprint; signet keys list shows it",
  );
}

/**
 * The keys that a text names: that of the Secret of this name, or by their fingerprint (whole, or as much of it as fits
 * one key only) those of each Secret that holds it.
 * @param secrets the key Secrets to choose from, in use or not.
 * @param namespace where they are, for people.
 * @returns one at least; all have the same fingerprint.
 * @throws UsageError for too short a part of a fingerprint; InputError when it names none or several, or a Secret
 *   that holds no key to use.
 */
export function keysNamed(
  text: string,
  secrets: readonly KeySecretObject[],
  namespace: string,
): readonly SealingKey[] {
  if (!text.startsWith("SHA256:")) {
    const secret = secrets.find(({ metadata }) => metadata.name === text);
    if (secret === undefined) throw noSuchKey(text, namespace);
    return [readSealingKey(secret, { toWrite: false })];
  }
  const keys = secrets.flatMap(readable);
  const fingerprint = fingerprintNamed(
    text,
    keys.map(({ certificate }) => certificate.fingerprint),
  );
  if (fingerprint === null) throw noSuchKey(text, namespace);
  return keys.filter(({ certificate }) => certificate.fingerprint === fingerprint);
}

/**
 * The one Secret's key that a text names.
 * @throws what {@link keysNamed} throws; InputError where several Secrets hold that key.
 */
export function keyNamed(text: string, secrets: readonly KeySecretObject[], namespace: string): SealingKey {
  const [key, ...others] = keysNamed(text, secrets, namespace);
  if (key === undefined) throw noSuchKey(text, namespace);
  if (others.length === 0) return key;
  throw new InputError(
    `the Secrets ${[key, ...others].map(({ name }) => name).join(", ")} hold the same key`,
    "name one of them",
  );
}

function readable(secret: KeySecretObject): SealingKey[] {
  try {
    return [readSealingKey(secret, { toWrite: false })];
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

function noSuchKey(text: string, namespace: string): InputError {
  return new InputError(
    `there is no sealing key ${JSON.stringify(text)} in the namespace ${namespace}`,
    "see signet keys list; --controller-namespace names the controller's",
  );
}

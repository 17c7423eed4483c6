import { type Bytes, equalBytes, utf8 } from "../../shared/bytes.ts";
import { InputError, SealError } from "../../shared/errors.ts";
import { readOpeningKey } from "../../shared/seal/opening-key.node.ts";
import type { OpeningKey } from "../../shared/seal/opening-key.ts";
import { type SealingKeyPlace, unwrapSealingKey, wrapSealingKey } from "../../shared/seal/wrapped-key.ts";
import { type WrappingKey, wrappingKeyText } from "../../shared/seal/wrapping-key.ts";
import { ACTIVE, WRAPPED, WRAPPED_BY_ANNOTATION } from "../../shared/sealing-key-secret.ts";
import type { KeySecretChange } from "./key-secrets.ts";
import type { SealingKey } from "./sealing-key.ts";
import type { UserWrappingServices } from "./wrapping-services.ts";

const NEVER = new AbortController().signal;

/** What moving sealing keys between wrappings takes. */
export type KeyMoving = {
  services: UserWrappingServices;
  /** The cluster that wrapped keys are bound to. */
  clusterId: string;
  /** The key to wrap by; null to unwrap. */
  to: WrappingKey | null;
};

/** Whether a key is already as it is to be. */
export function isMoved({ wrappedBy }: SealingKey, to: WrappingKey | null): boolean {
  return spelled(wrappedBy) === spelled(to);
}

/**
 * Wraps a sealing key, unwraps it, or both from one wrapping key to another. What is given out was proven: the certificate
 * is for that key, and what it was wrapped to unwraps to the same bytes.
 * @returns what is to be written.
 * @throws InputError when the certificate is for another key; KeyServiceError, WrappedKeyError of the services.
 */
export async function moveKey(key: SealingKey, moving: KeyMoving): Promise<KeySecretChange> {
  const { services, to } = moving;
  const pem = await privateKeyPem(key, moving);
  try {
    await readOwnKey(key, pem);
    if (to === null) {
      const annotations = { [WRAPPED_BY_ANNOTATION]: null };
      return { label: ACTIVE, annotations, keyText: new Uint8Array(pem) };
    }
    const place = placeOf(key, moving);
    const text = await wrapSealingKey(await services.for(to), to, place, pem, NEVER);
    await requireSame(pem, text, place, services, to);
    return {
      label: WRAPPED,
      annotations: { [WRAPPED_BY_ANNOTATION]: wrappingKeyText(to) },
      keyText: utf8(text),
    };
  } finally {
    pem.fill(0);
  }
}

/**
 * The private half of a key in PEM, which the caller wipes; unwrapped where it is wrapped.
 * @throws InputError when its wrapping key is not allowed; KeyServiceError, WrappedKeyError of the services.
 */
export async function privateKeyPem(key: SealingKey, moving: KeyMoving): Promise<Bytes> {
  const { wrappedBy } = key;
  if (wrappedBy === null) return utf8(key.keyText);
  const { services, to } = moving;
  services.requireAllowed(wrappedBy, key.namespace, to);
  const from = await services.for(wrappedBy);
  return unwrapSealingKey(from, key.keyText, placeOf(key, moving), () => true, NEVER);
}

/** Once it is written, nothing but this text holds the key. */
async function requireSame(
  pem: Bytes,
  text: string,
  place: SealingKeyPlace,
  services: UserWrappingServices,
  to: WrappingKey,
): Promise<void> {
  const again = await unwrapSealingKey(await services.for(to), text, place, () => true, NEVER);
  try {
    if (equalBytes(again, pem)) return;
  } finally {
    again.fill(0);
  }
  throw new InputError(
    `what ${wrappingKeyText(to)} wrapped does not unwrap to the same key`,
    "nothing was written; check that key",
  );
}

/**
 * Reads the private half of a key.
 * @throws InputError naming the Secret when it cannot be read, or the certificate is for another key.
 */
export async function readOwnKey(
  { certificate, namespace, name }: SealingKey,
  pem: Bytes,
): Promise<OpeningKey> {
  const refuse = (problem: string) =>
    new InputError(
      `Secret ${namespace}/${name} is no sealing key to use: ${problem}`,
      "restore it, or take it out",
    );
  let opening: OpeningKey;
  try {
    opening = await readOpeningKey(pem);
  } catch (error) {
    throw refuse(`tls.key ${error instanceof SealError ? error.message : "cannot be read"}`);
  }
  if (opening.fingerprint !== certificate.fingerprint)
    throw refuse("the certificate in tls.crt is for another key than the one in tls.key");
  return opening;
}

function placeOf({ namespace, name, certificate }: SealingKey, { clusterId }: KeyMoving): SealingKeyPlace {
  const { fingerprint, digest } = certificate;
  return { clusterId, namespace, name, fingerprint, certificate: digest };
}

function spelled(key: WrappingKey | null): string | null {
  return key === null ? null : wrappingKeyText(key);
}

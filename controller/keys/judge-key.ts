import { SealError } from "../../shared/errors.ts";
import { type Certificate, readCertificate } from "../../shared/seal/certificate.node.ts";
import type { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { readOpeningKey } from "../../shared/seal/opening-key.node.ts";
import type { OpeningKey } from "../../shared/seal/rsa-hybrid.ts";
import { looksWrapped } from "../../shared/seal/wrapping-key.ts";
import { KEY_LABEL } from "../../shared/sealing-key-secret.ts";
import { diagnosisThread } from "../opening/diagnosis-thread.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";
import { type KeyMarks, keyMarks } from "./key-marks.ts";
import { WRAPPED } from "./key-secret.ts";
import type { Unwrapping, WrappedKey } from "./wrapped-keys.ts";

/** What is known of a sealing key without its private half. */
export type KnownKey = {
  /** Name of the Secret. */
  secretName: string;
  certificate: Certificate;
  /** When the Secret was created, in whole seconds. */
  createdAt: Date;
  /** Its Secret holds it wrapped by a key of a key service. */
  isWrapped: boolean;
  marks: KeyMarks;
};

/** A sealing key as loaded from its Secret. */
export type LoadedKey = KnownKey & { opening: OpeningKey };

/** What judging a key Secret says. `problem` names the item and the defect, never what it holds. */
export type KeyVerdict =
  | { ok: true; problem: null; key: LoadedKey }
  | { ok: false; problem: string }
  /** It is not unwrapped yet; `waiting` says why, null while the first answer is out. */
  | { ok: false; problem: null; key: KnownKey; waiting: KeyServiceError | null };

/** What is known of a wrapped key: the way to a key service, as judging a Secret sees it. */
export type LookAtWrapped = (key: WrappedKey) => Unwrapping;

/** By how much clocks may differ: a certificate that begins so much later counts as begun. */
export const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Judges a Secret labelled as a sealing key. Refused: one that does not parse, whose certificate is for another key,
 * or whose certificate is not valid yet (it would become the newest and be sealed with); and one whose label does not
 * say of its key what it is, wrapped or not.
 */
export async function judgeKeySecret(
  secret: SecretObject,
  now: Date,
  lookAtWrapped: LookAtWrapped,
): Promise<KeyVerdict> {
  const keyText = itemText(secret, "tls.key");
  const certificatePem = itemText(secret, "tls.crt");
  if (keyText === null) return { ok: false, problem: "it has no item tls.key" };
  if (certificatePem === null) return { ok: false, problem: "it has no item tls.crt" };
  const isWrapped = secret.metadata.labels?.[KEY_LABEL] === WRAPPED;
  if (isWrapped !== looksWrapped(keyText)) return { ok: false, problem: labelProblem(isWrapped) };
  const certificate = attempt("tls.crt", () => readCertificate(certificatePem));
  if ("problem" in certificate) return { ok: false, problem: certificate.problem };
  const { fingerprint, digest } = certificate.value;
  const { name = "", namespace = "" } = secret.metadata;
  const unwrapping: Unwrapping = isWrapped
    ? lookAtWrapped({ namespace, name, fingerprint, certificate: digest, text: keyText })
    : await readPlainKey(keyText);
  if (unwrapping.state === "refused") return { ok: false, problem: unwrapping.problem };
  if (unwrapping.state === "open" && unwrapping.opening.fingerprint !== fingerprint) {
    return { ok: false, problem: "the certificate in tls.crt is for another key than the one in tls.key" };
  }
  const problem = validityProblem(certificate.value, now);
  if (problem !== null) return { ok: false, problem };
  const createdAt = new Date(secret.metadata.creationTimestamp ?? 0);
  const key = {
    secretName: name,
    certificate: certificate.value,
    createdAt,
    isWrapped,
    marks: keyMarks(secret),
  };
  if (unwrapping.state === "waiting") return { ok: false, problem: null, key, waiting: unwrapping.problem };
  const opening = { ...unwrapping.opening, since: certificate.value.notBefore };
  return { ok: true, problem: null, key: { ...key, opening } };
}

async function readPlainKey(pem: string): Promise<Unwrapping> {
  try {
    return { state: "open", opening: await readOpeningKey(pem, diagnosisThread.judge) };
  } catch (error) {
    return { state: "refused", problem: `tls.key ${problemOf(error)}` };
  }
}

function labelProblem(isWrapped: boolean): string {
  return isWrapped
    ? "it is labelled as wrapped, and tls.key holds no wrapped key"
    : "tls.key holds a wrapped key, and the label does not say so";
}

function validityProblem({ notBefore, notAfter }: Certificate, now: Date): string | null {
  if (Number.isNaN(notBefore.getTime() + notAfter.getTime()))
    return "the certificate in tls.crt has a validity that cannot be read";
  if (notBefore.getTime() > now.getTime() + CLOCK_SKEW_MS)
    return `the certificate in tls.crt is not valid before ${notBefore.toISOString()}`;
  return null;
}

function itemText(secret: SecretObject, item: string): string | null {
  const value: unknown = secret.data?.[item];
  // The API server gives null for an item that was written as null.
  return typeof value !== "string" ? null : Buffer.from(value, "base64").toString("utf8");
}

function attempt<T>(item: string, read: () => T): { value: T } | { problem: string } {
  try {
    return { value: read() };
  } catch (error) {
    return { problem: `${item} ${problemOf(error)}` };
  }
}

function problemOf(error: unknown): string {
  return error instanceof SealError ? error.message : "cannot be read";
}

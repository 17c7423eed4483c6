import { SealError } from "../../shared/errors.ts";
import { type Certificate, readCertificate } from "../../shared/seal/certificate.node.ts";
import { readOpeningKey } from "../../shared/seal/opening-key.node.ts";
import type { OpeningKey } from "../../shared/seal/rsa-hybrid.ts";
import { diagnosisThread } from "../opening/diagnosis-thread.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";

/** A sealing key as loaded from its Secret. */
export type LoadedKey = {
  /** Name of the Secret. */
  secretName: string;
  opening: OpeningKey;
  certificate: Certificate;
  /** When the Secret was created, in whole seconds. */
  createdAt: Date;
};

/** What judging a key Secret says. `problem` names the item and the defect, never what it holds. */
export type KeyVerdict = { ok: true; key: LoadedKey } | { ok: false; problem: string };

/** By how much clocks may differ: a certificate that begins so much later counts as begun. */
export const CLOCK_SKEW_MS = 5 * 60_000;

/**
 * Judges a Secret labelled as a sealing key. Refused: one that does not parse, whose certificate is for another key,
 * or whose certificate is not valid yet (it would become the newest and be sealed with).
 */
export async function judgeKeySecret(secret: SecretObject, now: Date): Promise<KeyVerdict> {
  const keyPem = itemText(secret, "tls.key");
  const certificatePem = itemText(secret, "tls.crt");
  if (keyPem === null) return { ok: false, problem: "it has no item tls.key" };
  if (certificatePem === null) return { ok: false, problem: "it has no item tls.crt" };
  const certificate = attempt("tls.crt", () => readCertificate(certificatePem));
  if ("problem" in certificate) return { ok: false, problem: certificate.problem };
  let opening: OpeningKey;
  try {
    opening = await readOpeningKey(keyPem, diagnosisThread.judge);
  } catch (error) {
    return { ok: false, problem: `tls.key ${problemOf(error)}` };
  }
  if (opening.fingerprint !== certificate.value.fingerprint) {
    return { ok: false, problem: "the certificate in tls.crt is for another key than the one in tls.key" };
  }
  if (Number.isNaN(certificate.value.notBefore.getTime() + certificate.value.notAfter.getTime())) {
    return { ok: false, problem: "the certificate in tls.crt has a validity that cannot be read" };
  }
  if (certificate.value.notBefore.getTime() > now.getTime() + CLOCK_SKEW_MS) {
    const begins = certificate.value.notBefore.toISOString();
    return { ok: false, problem: `the certificate in tls.crt is not valid before ${begins}` };
  }
  return {
    ok: true,
    key: {
      secretName: secret.metadata.name ?? "",
      opening: { ...opening, since: certificate.value.notBefore },
      certificate: certificate.value,
      createdAt: new Date(secret.metadata.creationTimestamp ?? 0),
    },
  };
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

import { type Certificate, CertificateError, readCertificate } from "../../shared/seal/certificate.node.ts";
import { followChain, type Vouchers } from "../../shared/seal/certificate-chain.node.ts";

/** By which steps the key of one certificate vouches for another, for people; else why not, null where there is nothing that could. */
export type Vouched = { ok: true; steps: readonly string[] } | { ok: false; problem: string | null };

/** Whether the key of a certificate that was trusted before vouches for another one. */
export function vouchedBy(
  pem: string,
  certificate: Certificate,
  vouchers: Vouchers | null,
  now: Date,
): Vouched {
  if (vouchers === null) return { ok: false, problem: null };
  let before: Certificate;
  try {
    before = readCertificate(pem);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return { ok: false, problem: null };
  }
  const verdict = followChain(before, certificate, vouchers, now);
  if (!verdict.ok) return { ok: false, problem: `it ${verdict.problem}` };
  const steps = verdict.steps.map(
    ({ from, to, notBefore }) =>
      `${from} vouches for ${to}, which begins on ${notBefore.toISOString().slice(0, 10)}`,
  );
  return { ok: true, steps };
}

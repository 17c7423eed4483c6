import { decodeText } from "../shared/document/encoding.ts";
import { InputError } from "../shared/errors.ts";
import { type Certificate, CertificateError, readCertificate } from "../shared/seal/certificate.node.ts";
import type { FoundCertificate } from "./found-certificate.ts";
import type { Io } from "./io.ts";
import type { Notices } from "./notices.ts";

const DAY_MS = 86_400_000;
const WARN_BEFORE_DAYS = 30;

/**
 * Reads the certificate to seal with and judges it: expired is refused; not yet valid, or about to expire, is said.
 * @throws CertificateError naming its source.
 */
export function sealingCertificate(
  found: FoundCertificate,
  { "accept-certificate": accepted }: { "accept-certificate": string | null },
  io: Io,
  notices: Notices,
): Certificate {
  const certificate = readFoundCertificate(found);
  requireAccepted(certificate, accepted, found.source);
  const now = io.now().getTime();
  if (certificate.notAfter.getTime() < now) {
    throw new CertificateError(
      `failed to encrypt using an expired certificate on ${dayInWords(certificate.notAfter)} (from ${found.source})`,
    );
  }
  if (certificate.notBefore.getTime() > now) {
    notices.warn(
      `the certificate from ${found.source} is not valid before ${dayInWords(certificate.notBefore)}`,
    );
  }
  const daysLeft = Math.floor((certificate.notAfter.getTime() - now) / DAY_MS);
  if (daysLeft < WARN_BEFORE_DAYS) {
    notices.warn(
      `the certificate from ${found.source} expires on ${dayInWords(certificate.notAfter)}, in ${daysLeft === 1 ? "1 day" : `${daysLeft} days`}`,
    );
  }
  return certificate;
}

/**
 * Sees that a certificate is the one that the user accepts, if he names one.
 * @throws CertificateError when it is another one.
 */
export function requireAccepted({ fingerprint }: Certificate, accepted: string | null, source: string): void {
  if (accepted === null || accepted === fingerprint) return;
  throw new CertificateError(
    `the certificate from ${source} is ${fingerprint}, not the accepted one, ${accepted}: nothing is sealed with it`,
    "correct --accept-certificate, or find out who changed the certificate",
  );
}

/**
 * Reads the certificate that a source gave.
 * @throws CertificateError naming the source.
 */
export function readFoundCertificate({ bytes, source, controller }: FoundCertificate): Certificate {
  try {
    // Windows PowerShell saves what `--fetch-cert` prints as UTF-16.
    return readCertificate(decodeText(bytes, source));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const problem = error instanceof CertificateError ? error.message : "is not a PEM file";
    const text = `the certificate from ${source} ${problem}`;
    if (controller === null) throw new CertificateError(text);
    throw new CertificateError(
      text,
      "check that --controller-name and --controller-namespace name the sealed secrets controller",
    );
  }
}

const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);

/** A day as kubeseal writes it, `January 2, 2006`, in UTC. */
export function dayInWords(date: Date): string {
  return `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()}`;
}

import { compareWithLastSeen } from "../certificate-record.ts";
import type { FoundCertificate } from "../found-certificate.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import { readFoundCertificate } from "../sealing-certificate.ts";

/**
 * Reads a certificate that came from a controller and compares it with the one this user saw last from there.
 * @throws CertificateError when it is none.
 */
export function judgeCertificate(found: FoundCertificate, io: Io, notices: Notices): void {
  const { fingerprint } = readFoundCertificate(found);
  if (found.controller !== null) compareWithLastSeen(found.controller, fingerprint, io, notices);
}

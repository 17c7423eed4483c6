import { acceptCertificate, compareWithLastSeen, refuseChange } from "../certificate-record.ts";
import type { FoundCertificate } from "../found-certificate.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import { readFoundCertificate, requireAccepted } from "../sealing-certificate.ts";

/** How far a certificate is to be trusted. */
export type Trust = {
  /** Whether it came by another way than the named Service and the API server's proxy. */
  fallback: boolean;
  /** Fingerprint that the user accepts, or null. */
  accepted: string | null;
};

/**
 * Reads a certificate that came from a controller, shows it, and compares it with the one this user saw last from there.
 * A change is told when it came the usual way, since renewal brings one every month, and refused when it came by another.
 * @throws CertificateError when it is none, not the one that the user accepts, or a change that needs to be accepted.
 */
export function judgeCertificate(found: FoundCertificate, trust: Trust, io: Io, notices: Notices): void {
  const certificate = readFoundCertificate(found);
  const { fingerprint } = certificate;
  const { controller, source } = found;
  if (controller === null) return;
  const { fallback, accepted } = trust;
  notices.note(`certificate ${fingerprint} from ${source} at ${controller.server}`);
  requireAccepted(certificate, accepted, source);
  if (accepted !== null) acceptCertificate(controller, fingerprint, io, notices);
  else if (fallback) refuseChange(controller, source, fingerprint, io, notices);
  else compareWithLastSeen(controller, fingerprint, io, notices);
}

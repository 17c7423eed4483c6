import { type Certificate, CertificateError } from "../../shared/seal/certificate.node.ts";
import type { Vouchers } from "../../shared/seal/certificate-chain.node.ts";
import { acceptCertificate, compareWithLastSeen, refuseChange } from "../certificate-record.ts";
import type { FoundCertificate } from "../found-certificate.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import { readFoundCertificate, requireAccepted } from "../sealing-certificate.ts";
import { type Vouched, vouchedBy } from "./vouched-by.ts";

/** A certificate that the one of a controller has to be, or to follow from. */
export type Pin = {
  certificate: Certificate;
  /** Who pins it, for people: `prod in /work/app/.signet.yaml`. */
  by: string;
  /** How to pin another one: `signet pin update prod`. */
  update: string;
  /** This run pins the new one itself, so that nobody needs to be told how. */
  isRenewed?: boolean;
};

/** How far a certificate is to be trusted. */
export type Trust = {
  /** Whether it came by another way than the named Service and the API server's proxy. */
  fallback: boolean;
  /** Fingerprint that the user accepts, or null. */
  accepted: string | null;
  /** Null for none. */
  pin: Pin | null;
  /** What the controller publishes to vouch for it; null where that cannot be had. Asked for where it is needed. */
  vouchers: () => Promise<Vouchers | null>;
};

/**
 * Reads a certificate that came from a controller, shows it, and compares it with the one that is pinned, or else with the one
 * this user saw last from there. A change is told when it came the usual way, since renewal brings one every month, and refused
 * when it came by another, or where one is pinned, unless the key of the one before vouches for it.
 * @throws CertificateError when it is none, not the one that the user accepts, or a change that needs to be accepted.
 */
export async function judgeCertificate(
  found: FoundCertificate,
  trust: Trust,
  io: Io,
  notices: Notices,
): Promise<void> {
  const certificate = readFoundCertificate(found);
  const { controller, source } = found;
  if (controller === null) return;
  const { fallback, accepted, pin, vouchers } = trust;
  notices.note(`certificate ${certificate.fingerprint} from ${source} at ${controller.server}`);
  requireAccepted(certificate, accepted, source);
  const vouch = async (pem: string) => vouchedBy(pem, certificate, await vouchers(), io.now());
  if (accepted !== null) acceptCertificate(controller, certificate, io, notices);
  else if (pin !== null) await requirePinned(certificate, source, pin, vouch, notices);
  else if (fallback) await refuseChange(controller, source, certificate, io, notices, vouch);
  else compareWithLastSeen(controller, certificate, io, notices);
}

/** Not by its key alone: anybody can issue a certificate for a public key, valid for as long as he likes. */
async function requirePinned(
  { fingerprint, digest }: Certificate,
  source: string,
  { certificate: pinned, by, update, isRenewed = false }: Pin,
  vouch: (pem: string) => Promise<Vouched>,
  notices: Notices,
): Promise<void> {
  if (digest === pinned.digest) return;
  const vouched = await vouch(pinned.pem);
  if (vouched.ok) {
    for (const step of vouched.steps) notices.note(step);
    if (!isRenewed)
      notices.note(`note: ${by} still pins ${pinned.fingerprint}; to pin the new one: ${update}`);
    return;
  }
  if (fingerprint === pinned.fingerprint)
    throw new CertificateError(
      `the certificate from ${source} is another one for ${fingerprint} than ${by} pins: nothing is sealed with it`,
      `ask who runs the controller whether it was issued anew; if so, pin it with: ${update} --accept-certificate ${fingerprint}`,
    );
  throw new CertificateError(
    `the certificate from ${source} is ${fingerprint}, and ${by} pins ${pinned.fingerprint}: nothing is sealed with it, ${vouched.problem === null ? "since nothing vouches for it" : `and ${vouched.problem}`}`,
    `ask who runs the controller for its fingerprint; if it is the new one, pin it with: ${update} --accept-certificate ${fingerprint}`,
  );
}

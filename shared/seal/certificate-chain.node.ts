import { X509Certificate } from "node:crypto";
import { type Certificate, CertificateError, readCertificate } from "./certificate.node.ts";

/**
 * A chain of certificates, as `chain.pem` holds it: certificates in PEM, oldest first, each for the public key of a sealing
 * key, with the validity of that key's own certificate, and signed by a sealing key before it. Names in them tell nothing.
 */
export type CertificateLink = Certificate & {
  /** Whether that key signed it. */ isBy(key: Certificate): boolean;
};

/** One step from a key to the one that it vouches for. */
export type ChainStep = { from: string; to: string; notBefore: Date };

/** Whether a key vouches for another one, and by which steps; `problem` is a sentence about the latter without its subject. */
export type Vouching = { ok: true; steps: ChainStep[] } | { ok: false; problem: string };

/** What was found beside a certificate to vouch for it. */
export type Vouchers = {
  /** As it was found; other text in it is passed over. */
  chainPem: string;
  /** Fingerprints of keys that were retired as compromised. */
  compromised: readonly string[];
};

/** Item of the ConfigMap with the controller's certificate that holds the chain. */
export const CHAIN_ITEM = "chain.pem";
/** On that ConfigMap: fingerprints of keys that were retired as compromised, separated by spaces; absent for none. */
export const COMPROMISED_ANNOTATION = "signet.dev/compromised-keys";
/** Links that are looked at: of more than that, the last ones. */
export const MOST_LINKS = 64;
const MOST_CHARACTERS = 1 << 20;
const SKEW_MS = 5 * 60_000;
const BLOCK = /-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g;

/** Reads the links of a chain. Blocks that are no certificates of RSA keys are passed over. */
export function readLinks(chainPem: string): CertificateLink[] {
  if (chainPem.length > MOST_CHARACTERS) return [];
  const blocks = chainPem.match(BLOCK) ?? [];
  return blocks.slice(-MOST_LINKS).flatMap(readLink);
}

function readLink(block: string): CertificateLink[] {
  let link: Certificate;
  try {
    link = readCertificate(block);
  } catch (error) {
    if (error instanceof CertificateError) return [];
    throw error;
  }
  const signed = new X509Certificate(block);
  const isBy = ({ publicKey }: Certificate) => {
    try {
      // Not by names or extensions: neither is anybody's word but the signer's.
      return signed.verify(publicKey);
    } catch {
      return false;
    }
  };
  return [{ ...link, isBy }];
}

/**
 * Tells whether the pinned key vouches for another certificate: by a chain of signatures, of which each is made by a key that is
 * valid now and older than the one it signs. Whatever else the chain holds counts for nothing.
 */
export function followChain(
  pinned: Certificate,
  target: Certificate,
  { chainPem, compromised }: Vouchers,
  now: Date,
): Vouching {
  const no = (problem: string): Vouching => ({ ok: false, problem });
  if (compromised.includes(pinned.fingerprint))
    return no("comes after a key that was retired as compromised, which vouches for nothing");
  if (compromised.includes(target.fingerprint)) return no("is of a key that was retired as compromised");
  if (!isValid(pinned, now)) return no("comes after a key that is not valid now, which vouches for nothing");
  if (!isValid(target, now)) return no("is not valid now");
  if (!isOlder(pinned, target)) return no("is not newer than the one before");
  const ways = new Map<Certificate, ChainStep[]>([[pinned, []]]);
  const links = readLinks(chainPem)
    .filter((link) => isValid(link, now) && !compromised.includes(link.fingerprint))
    .sort((a, b) => a.notBefore.getTime() - b.notBefore.getTime());
  for (const link of links) {
    for (const [key, steps] of ways) {
      if (!isOlder(key, link) || !link.isBy(key)) continue;
      const { fingerprint: to, notBefore } = link;
      const way = [...steps, { from: key.fingerprint, to, notBefore }];
      if (to === target.fingerprint && isSameTime(link, target)) return { ok: true, steps: way };
      ways.set(link, way);
      break;
    }
  }
  return no("is not vouched for by the one before");
}

function isOlder(one: Certificate, other: Certificate): boolean {
  return one.notBefore.getTime() < other.notBefore.getTime();
}

/** What was signed is a key with its validity; a certificate that claims another one was not. */
function isSameTime(one: Certificate, other: Certificate): boolean {
  return (
    one.notBefore.getTime() === other.notBefore.getTime() &&
    one.notAfter.getTime() === other.notAfter.getTime()
  );
}

function isValid({ notBefore, notAfter }: Certificate, now: Date): boolean {
  return notBefore.getTime() <= now.getTime() + SKEW_MS && notAfter.getTime() >= now.getTime();
}

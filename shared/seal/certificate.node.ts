import { createHash, createPublicKey, type KeyObject, webcrypto, X509Certificate } from "node:crypto";
import { type Bytes, concat, utf8 } from "../bytes.ts";
import { InputError } from "../errors.ts";
import type { SealingKey } from "./rsa-hybrid.ts";

/** Shorter keys are refused by the reference too. */
export const SHORTEST_KEY_BITS = 1024;

/** A sealing certificate: who may seal with it is anyone, until when is stated in it. */
export type Certificate = {
  /** `SHA256:…` of its RSA public key. */
  fingerprint: string;
  /** SHA-256 of the certificate in DER, in small hexadecimal digits. */
  digest: string;
  notBefore: Date;
  notAfter: Date;
  publicKey: KeyObject;
  /** The certificate itself, one PEM block. */
  pem: string;
};

// Only base64 between the lines: a block with PEM headers is passed over, as other readers of cert.pem do.
const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/;

/**
 * Reads the first certificate of a PEM text; other blocks and text around it are passed over, as kubeseal does.
 * Validity is read, not judged.
 * @throws CertificateError when there is none, or its key is not RSA or too short to use.
 */
export function readCertificate(pem: string): Certificate {
  const block = CERTIFICATE_BLOCK.exec(pem)?.[0];
  if (block === undefined) throw new CertificateError("does not contain any valid RSA certificate");
  let certificate: X509Certificate;
  let publicKey: KeyObject;
  try {
    certificate = new X509Certificate(block);
    publicKey = certificate.publicKey;
  } catch {
    throw new CertificateError("does not contain any valid RSA certificate");
  }
  if (publicKey.asymmetricKeyType !== "rsa") {
    throw new CertificateError(
      `cannot seal: expected RSA public key but found one of type ${publicKey.asymmetricKeyType ?? "unknown"}`,
    );
  }
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < SHORTEST_KEY_BITS) throw new CertificateError(`holds an RSA key of only ${bits} bits`);
  return {
    fingerprint: fingerprintOf(publicKey),
    digest: certificate.fingerprint256.replaceAll(":", "").toLowerCase(),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    publicKey,
    pem: `${block}\n`,
  };
}

/** The key of a certificate, ready to seal with. */
export async function sealingKeyOf(certificate: Certificate): Promise<SealingKey> {
  const spki = new Uint8Array(certificate.publicKey.export({ type: "spki", format: "der" }));
  const publicKey = await webcrypto.subtle.importKey(
    "spki",
    spki,
    { name: "RSA-OAEP", hash: "SHA-256" },
    false,
    ["encrypt"],
  );
  return { fingerprint: certificate.fingerprint, publicKey };
}

/**
 * Fingerprint of an RSA public key as OpenSSH prints it: `SHA256:` and the unpadded base64 of SHA-256 over
 *
 *     string "ssh-rsa" || mpint exponent || mpint modulus      (RFC 4253 section 6.6)
 */
export function fingerprintOf(key: KeyObject): string {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  const { n = "", e = "" } = publicKey.export({ format: "jwk" });
  const blob = concat(sshString(utf8("ssh-rsa")), mpint(e), mpint(n));
  return `SHA256:${createHash("sha256").update(blob).digest("base64").replace(/=+$/, "")}`;
}

function sshString(bytes: Uint8Array): Bytes {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concat(length, bytes);
}

/** A positive number from base64url; a leading zero keeps the sign bit clear (RFC 4251 section 5). */
function mpint(base64url: string): Bytes {
  const bytes = new Uint8Array(Buffer.from(base64url, "base64url"));
  return sshString((bytes[0] ?? 0) >= 0x80 ? concat(new Uint8Array(1), bytes) : bytes);
}

/** What was given as a certificate cannot be used to seal. */
export class CertificateError extends InputError {
  override readonly code: string = "certificate";
  /** @param problem a verb phrase without a subject: `does not contain any valid RSA certificate`. */
  constructor(problem: string, hint = "fetch the certificate with: signet --fetch-cert > cert.pem") {
    super(problem, hint);
  }
}

import { createHash, generateKeyPair, type KeyObject, randomBytes, sign } from "node:crypto";
import { promisify } from "node:util";
import type Forge from "node-forge";
import type { asn1, md, pki } from "node-forge";
import type { Bytes } from "../bytes.ts";
import type { Certificate } from "./certificate.node.ts";

/** What a new sealing key shall be. */
export type KeyRequest = {
  /** RSA modulus length in bits. */
  keyBits: number;
  /** Common name of issuer and subject; empty for an empty name. */
  commonName: string;
  /** Validity of the certificate in milliseconds from now. */
  ttlMs: number;
};

/** A new sealing key: private key as PKCS#1 PEM, self-signed certificate as PEM. */
export type IssuedKey = { privateKeyPem: string; certificatePem: string; notBefore: Date };

/**
 * Makes an RSA key pair and its self-signed certificate in the form the reference writes (X.509 v3, SHA-256 with RSA,
 * serial of 128 random bits, critical keyUsage encipherOnly and nothing else, critical basicConstraints CA:TRUE,
 * subjectKeyIdentifier). The key work is done by node:crypto, off the main thread; the library only lays out the
 * certificate.
 */
export async function issueKey({ keyBits, ...certificate }: KeyRequest, now: Date): Promise<IssuedKey> {
  return certifyKey(await promisify(generateKeyPair)("rsa", { modulusLength: keyBits }), certificate, now);
}

/** Gives a key pair of RSA the certificate that `issueKey` gives a new one. */
export async function certifyKey(
  { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject },
  { commonName, ttlMs }: Pick<KeyRequest, "commonName" | "ttlMs">,
  now: Date,
): Promise<IssuedKey> {
  // Loaded with the first new key: most starts make none.
  const { default: forge } = await import("node-forge");
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(
    publicKey.export({ type: "spki", format: "pem" }).toString(),
  );
  certificate.serialNumber = serialNumber();
  const notBefore = new Date(Math.floor(now.getTime() / 1000) * 1000);
  certificate.validity.notBefore = notBefore;
  certificate.validity.notAfter = new Date(notBefore.getTime() + ttlMs);
  const name = commonName === "" ? [] : [{ shortName: "CN", value: commonName }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  certificate.setExtensions(EXTENSIONS);
  selfSign(forge, certificate, privateKey);
  return {
    privateKeyPem: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    certificatePem: forge.pki.certificateToPem(certificate).replace(/\r\n/g, "\n"),
    notBefore,
  };
}

const EXTENSIONS = [
  { name: "keyUsage", critical: true, encipherOnly: true },
  { name: "basicConstraints", critical: true, cA: true },
  { name: "subjectKeyIdentifier" },
];

/**
 * Gives a sealing key a second certificate, with the same validity as its own, that another key signs: so that whoever trusts
 * that one may trust this one. Its names are empty, since nothing goes by them.
 * @param sign RSASSA-PKCS1-v1_5 with SHA-256 under the key that vouches.
 * @returns PEM.
 */
export async function certifySuccessor(
  { publicKey, notBefore, notAfter }: Pick<Certificate, "publicKey" | "notBefore" | "notAfter">,
  sign: (content: Bytes) => Bytes,
): Promise<string> {
  const { default: forge } = await import("node-forge");
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(
    publicKey.export({ type: "spki", format: "pem" }).toString(),
  );
  certificate.serialNumber = serialNumber();
  certificate.validity.notBefore = notBefore;
  certificate.validity.notAfter = notAfter;
  certificate.setExtensions(EXTENSIONS);
  signWith(forge, certificate, sign);
  return forge.pki.certificateToPem(certificate).replace(/\r\n/g, "\n");
}

// A top bit would make the number negative in DER.
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

// Exported by the library, missing in its type declarations.
type WithTbs = { getTBSCertificate(certificate: pki.Certificate): asn1.Asn1 };

/** Signs a certificate with its own key. */
export function selfSign(forge: typeof Forge, certificate: pki.Certificate, privateKey: KeyObject): void {
  signWith(forge, certificate, (content) => new Uint8Array(sign("sha256", content, privateKey)));
}

/** The library's own signing is JavaScript arithmetic and would hold up the main thread. */
function signWith(
  forge: typeof Forge,
  certificate: pki.Certificate,
  signContent: (content: Bytes) => Bytes,
): void {
  const { getTBSCertificate } = forge.pki as typeof forge.pki & WithTbs;
  const signer = {
    sign(digest: md.MessageDigest): string {
      const tbs = forge.asn1.toDer(getTBSCertificate(certificate)).getBytes();
      const bytes = new Uint8Array(Buffer.from(tbs, "binary"));
      const expected = createHash("sha256").update(bytes).digest("hex");
      if (digest.digest().toHex() !== expected)
        throw new Error("the certificate changed while it was signed");
      return Buffer.from(signContent(bytes)).toString("binary");
    },
  };
  certificate.sign(signer as pki.rsa.PrivateKey, forge.md.sha256.create());
}

import { generateKeyPair, type KeyObject, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { InputError, UsageError } from "../../shared/errors.ts";

/** A private key and what of it may be seen, both in PEM. */
export type KeyPair = { privatePem: string; publicPem: string };

const DAY_S = 86_400n;
const LONGEST_NAME = 64;

/**
 * The length of an RSA key in bits.
 * @param text null for 3072.
 * @throws UsageError.
 */
export function rsaBits(text: string | null): number {
  const bits = Number(text ?? 3072);
  if ([2048, 3072, 4096, 8192].includes(bits)) return bits;
  throw new UsageError(`invalid value ${JSON.stringify(text)} for --bits`, "write 2048, 3072, 4096 or 8192");
}

/** An RSA pair: PKCS#8 and SubjectPublicKeyInfo. */
export async function newRsaPair(bits: number): Promise<KeyPair> {
  return pemOf(await promisify(generateKeyPair)("rsa", { modulusLength: bits }));
}

/** An Ed25519 pair: PKCS#8 and SubjectPublicKeyInfo. */
export async function newEd25519Pair(): Promise<KeyPair> {
  return pemOf(await promisify(generateKeyPair)("ed25519"));
}

function pemOf({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }): KeyPair {
  return {
    privatePem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicPem: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}

/** Whom a certificate is for, and how long. */
export type CertificateFor = {
  dnsNames: readonly string[];
  ips: readonly (readonly number[])[];
  /** The first name as it was given. */
  commonName: string;
  days: bigint;
};

/**
 * Reads whom a certificate shall be for.
 * @param names DNS names, with `*.` before them or not, and IP addresses.
 * @param days a whole number, null for 365.
 * @throws UsageError.
 */
export async function certificateFor(names: readonly string[], days: string | null): Promise<CertificateFor> {
  const { parseIp } = await import("../../shared/template/functions/ip-address.ts");
  const [first] = names;
  if (first === undefined) {
    throw new UsageError(
      "it is not said whom the certificate is for",
      "give --san NAME, such as --san db.shop.svc",
    );
  }
  if (!/^[1-9][0-9]{0,4}$/.test(days ?? "365")) {
    throw new UsageError(`invalid value ${JSON.stringify(days)} for --days`, "write a whole number of days");
  }
  const dnsNames: string[] = [];
  const ips: number[][] = [];
  for (const name of names) {
    const ip = parseIp(name);
    if (ip !== null) ips.push(ip);
    else if (isDnsName(name)) dnsNames.push(name);
    else {
      throw new UsageError(
        `${JSON.stringify(name)} is neither a DNS name nor an IP address`,
        "give --san with names such as db.shop.svc, *.example.com or 10.0.0.1",
      );
    }
  }
  return { dnsNames, ips, commonName: first.length > LONGEST_NAME ? "" : first, days: BigInt(days ?? 365) };
}

function isDnsName(name: string): boolean {
  return name.length <= 253 && /^(?:\*\.)?[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*$/.test(name);
}

/**
 * A pair on P-256, or of RSA, with a certificate that it signs itself, valid from now.
 * @param bits of an RSA key; null for P-256.
 * @returns the private key as PKCS#8, and the certificate.
 */
export async function newTlsPair(
  { dnsNames, ips, commonName, days }: CertificateFor,
  bits: number | null,
  now: Date,
): Promise<{ privatePem: string; certificatePem: string }> {
  const { issueCertificate } = await import("../../shared/template/functions/x509/certificate.ts");
  const { readPrivateKey } = await import("../../shared/template/functions/x509/private-key.ts");
  const { instantAt } = await import("../../shared/template/functions/time/instant.ts");
  const { UTC } = await import("../../shared/template/functions/time/zone.ts");
  const pair =
    bits === null
      ? await promisify(generateKeyPair)("ec", { namedCurve: "P-256" })
      : await promisify(generateKeyPair)("rsa", { modulusLength: bits });
  const { privatePem } = pemOf(pair);
  const key = readPrivateKey(privatePem);
  const seconds = BigInt(Math.floor(now.getTime() / 1000));
  const request = {
    commonName,
    ips,
    dnsNames,
    notBefore: instantAt(seconds, 0n, UTC),
    notAfter: instantAt(seconds + days * DAY_S, 0n, UTC),
    isAuthority: false,
    serial: new Uint8Array(randomBytes(16)),
    key,
  };
  if (seconds + days * DAY_S > 253_402_300_799n) {
    throw new InputError("the certificate would be valid beyond the year 9999", "give fewer --days");
  }
  return { privatePem, certificatePem: issueCertificate(request, null, key) };
}

import { sha256 } from "@noble/hashes/sha2.js";
import { fromByteString } from "../../byte-string.ts";
import { TemplateFunctionError } from "../../function-table.ts";
import { formatTime } from "../time/format-time.ts";
import { clockFace, type Instant } from "../time/instant.ts";
import {
  bits,
  type DerElement,
  der,
  explicit,
  oid,
  readElements,
  readSequence,
  sequence,
  TAG,
  unsigned,
} from "./der.ts";
import { readPem, writePem } from "./pem.ts";
import type { PrivateKey } from "./private-key.ts";

/** What a certificate is to say. */
export type CertificateRequest = {
  /** Byte string. Empty: a subject without a name. */
  readonly commonName: string;
  readonly ips: readonly (readonly number[])[];
  /** ASCII. */
  readonly dnsNames: readonly string[];
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly isAuthority: boolean;
  /** 16 random bytes. */
  readonly serial: Uint8Array;
  readonly key: PrivateKey;
};

/** Who signs: its name and, where its certificate has one, its key identifier. */
export type Issuer = {
  /** DER */
  readonly name: Uint8Array;
  readonly keyIdentifier: Uint8Array | null;
  readonly publicKeyInfo: Uint8Array;
};

const TRUE = der(TAG.boolean, Uint8Array.of(0xff));
const EXTENSION = {
  subjectKeyIdentifier: oid("2.5.29.14"),
  keyUsage: oid("2.5.29.15"),
  alternativeNames: oid("2.5.29.17"),
  basicConstraints: oid("2.5.29.19"),
  authorityKeyIdentifier: oid("2.5.29.35"),
  extendedKeyUsage: oid("2.5.29.37"),
};
const COMMON_NAME = oid("2.5.4.3");
const SERVER_AND_CLIENT = sequence(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2"));
// Bits from the left: digital signature 0, key encipherment 2, certificate signing 5.
const LEAF_USAGE = bits(Uint8Array.of(0xa0), 5);
const AUTHORITY_USAGE = bits(Uint8Array.of(0xa4), 2);

/**
 * Issues a certificate as sprig with Go 1.26 lays it out (X.509 version 3).
 * @param issuer null where it signs itself
 * @returns PEM
 */
export function issueCertificate(
  request: CertificateRequest,
  issuer: Issuer | null,
  signingKey: PrivateKey,
): string {
  const subject = nameOf(request.commonName);
  const issuerName = issuer?.name ?? subject;
  const authority = issuer === null || equal(issuer.name, subject) ? null : issuer.keyIdentifier;
  const content = sequence(
    explicit(0, unsigned(Uint8Array.of(2))),
    unsigned(request.serial),
    signingKey.signatureAlgorithm,
    issuerName,
    sequence(timeOf(request.notBefore), timeOf(request.notAfter)),
    subject,
    request.key.publicKeyInfo,
    explicit(3, sequence(...extensionsOf(request, authority))),
  );
  const signature = bits(signingKey.sign(content));
  return writePem("CERTIFICATE", sequence(content, signingKey.signatureAlgorithm, signature));
}

/** @throws TemplateFunctionError for what is no certificate in PEM */
export function readIssuer(text: string): Issuer {
  const block = readPem(text);
  if (block === null) throw new TemplateFunctionError("the certificate is not PEM");
  const [content, algorithm, signature, ...more] = readSequence(block.bytes) ?? [];
  const fields = content?.tag === TAG.sequence ? (readElements(content.content) ?? []) : [];
  const [serial, inner, issuer, validity, subject, publicKeyInfo, ...optional] =
    fields[0]?.tag === 0xa0 ? fields.slice(1) : fields;
  const expected: [DerElement | undefined, number][] = [
    [serial, TAG.integer],
    [inner, TAG.sequence],
    [issuer, TAG.sequence],
    [validity, TAG.sequence],
    [publicKeyInfo, TAG.sequence],
    [algorithm, TAG.sequence],
    [signature, TAG.bits],
  ];
  if (
    subject?.tag !== TAG.sequence ||
    publicKeyInfo === undefined ||
    more.length > 0 ||
    expected.some(([element, tag]) => element?.tag !== tag)
  )
    throw new TemplateFunctionError("the certificate is malformed");
  return {
    name: subject.whole,
    publicKeyInfo: publicKeyInfo.whole,
    keyIdentifier: keyIdentifierIn(optional.find(({ tag }) => tag === 0xa3)),
  };
}

function keyIdentifierIn(extensions: DerElement | undefined): Uint8Array | null {
  const list = extensions === undefined ? [] : (readSequence(extensions.content) ?? []);
  for (const { content } of list) {
    const parts = readElements(content) ?? [];
    const [id] = parts;
    if (id === undefined || !equal(id.whole, EXTENSION.subjectKeyIdentifier)) continue;
    const [value] = readElements(parts.at(-1)?.content ?? new Uint8Array()) ?? [];
    return value?.tag === TAG.octets ? value.content : null;
  }
  return null;
}

function extensionsOf(request: CertificateRequest, authority: Uint8Array | null): Uint8Array[] {
  const { isAuthority, ips, dnsNames, key, commonName } = request;
  const extensions = [
    extension(EXTENSION.keyUsage, true, isAuthority ? AUTHORITY_USAGE : LEAF_USAGE),
    extension(EXTENSION.extendedKeyUsage, false, SERVER_AND_CLIENT),
    extension(EXTENSION.basicConstraints, true, isAuthority ? sequence(TRUE) : sequence()),
  ];
  if (isAuthority) {
    const identifier = sha256(key.publicKey).subarray(0, 20);
    extensions.push(extension(EXTENSION.subjectKeyIdentifier, false, der(TAG.octets, identifier)));
  }
  if (authority !== null)
    extensions.push(extension(EXTENSION.authorityKeyIdentifier, false, sequence(der(0x80, authority))));
  const names = [
    ...dnsNames.map((name) => der(0x82, fromByteString(name))),
    ...ips.map((ip) => der(0x87, Uint8Array.from(ip))),
  ];
  if (names.length > 0)
    extensions.push(extension(EXTENSION.alternativeNames, commonName === "", sequence(...names)));
  return extensions;
}

function extension(id: Uint8Array, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(id, ...(critical ? [TRUE] : []), der(TAG.octets, value));
}

function nameOf(commonName: string): Uint8Array {
  if (commonName === "") return sequence();
  const tag = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(commonName) ? TAG.printable : TAG.utf8;
  return sequence(der(TAG.set, sequence(COMMON_NAME, der(tag, fromByteString(commonName)))));
}

/** Go cuts the time a certificate is valid to 292 years, so the year always has four digits. */
function timeOf(instant: Instant): Uint8Array {
  const { year } = clockFace(instant);
  const short = year >= 1950n && year < 2050n;
  const text = formatTime(instant, short ? "060102150405Z" : "20060102150405Z");
  return der(short ? TAG.utcTime : TAG.generalizedTime, fromByteString(text));
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

import { equalBytes, fromBase64 } from "../../bytes.ts";
import { byteStringToText, toByteString, utf8ToByteString } from "../byte-string.ts";
import {
  type CallContext,
  type FunctionTable,
  goFunction,
  TemplateFunctionError,
} from "../function-table.ts";
import { type GoInteger, type GoSlice, type GoStruct, type GoType, types, type Value } from "../value.ts";
import { parseIp } from "./ip-address.ts";
import { tableOf } from "./table.ts";
import { addNanoseconds, instantAt } from "./time/instant.ts";
import { UTC } from "./time/zone.ts";
import { type CertificateRequest, type Issuer, issueCertificate, readIssuer } from "./x509/certificate.ts";
import { newDsaKeyPem } from "./x509/dsa.ts";
import {
  newEcdsaKey,
  newEd25519Key,
  newRsaKey,
  type PrivateKey,
  readPrivateKey,
} from "./x509/private-key.ts";

const { anySlice, int, string } = types;
const DAY_NANOSECONDS = 86_400_000_000_000n;
// An RSA key of 2048 bits takes a few tenths of a second, one of 4096 bits some seconds.
const RSA_2048_STEPS = 20_000;
const RSA_4096_STEPS = 100_000;
const SIGNING_STEPS = 2_000;

/** What certificate functions give: PEM of a certificate and its private key. */
const certificateType: GoType<GoStruct> = { name: "sprig.certificate", kind: "struct" };

/** Private keys and X.509 certificates. A module of their own, since they bring RSA, curves and their tables along. */
export const certificateFunctions: FunctionTable = tableOf({
  genPrivateKey: goFunction([string], ([kind], context) => newKeyPem(kind, context), "costly"),
  buildCustomCert: goFunction([string, string], ([certificate, key], context) => {
    context.spend(SIGNING_STEPS);
    const [cert, keyText] = [decoded(certificate, "certificate"), decoded(key, "private key")];
    readIssuer(cert);
    readPrivateKey(keyText);
    return certificateValue(cert, keyText);
  }),
  genCA: goFunction(
    [string, int],
    ([name, days], context) =>
      selfSigned({ name, days, ips: null, dnsNames: null, isAuthority: true }, rsaKey(context), context),
    "costly",
  ),
  genCAWithKey: goFunction(
    [string, int, string],
    ([name, days, key], context) =>
      selfSigned({ name, days, ips: null, dnsNames: null, isAuthority: true }, readPrivateKey(key), context),
    "random",
  ),
  genSelfSignedCert: goFunction(
    [string, anySlice, anySlice, int],
    ([name, ips, dnsNames, days], context) =>
      selfSigned({ name, ips, dnsNames, days }, rsaKey(context), context),
    "costly",
  ),
  genSelfSignedCertWithKey: goFunction(
    [string, anySlice, anySlice, int, string],
    ([name, ips, dnsNames, days, key], context) =>
      selfSigned({ name, ips, dnsNames, days }, readPrivateKey(key), context),
    "random",
  ),
  genSignedCert: goFunction(
    [string, anySlice, anySlice, int, certificateType],
    ([name, ips, dnsNames, days, authority], context) =>
      signed({ name, ips, dnsNames, days }, rsaKey(context), authority, context),
    "costly",
  ),
  genSignedCertWithKey: goFunction(
    [string, anySlice, anySlice, int, certificateType, string],
    ([name, ips, dnsNames, days, authority, key], context) =>
      signed({ name, ips, dnsNames, days }, readPrivateKey(key), authority, context),
    "random",
  ),
});

function newKeyPem(kind: string, context: CallContext): string {
  switch (kind) {
    case "":
    case "rsa":
      context.spend(RSA_4096_STEPS);
      return newRsaKey(4096).pem;
    case "ecdsa":
      context.spend(SIGNING_STEPS);
      return newEcdsaKey(context.randomBytes(48)).pem;
    case "ed25519":
      context.spend(SIGNING_STEPS);
      return newEd25519Key(context.randomBytes(32)).pem;
    case "dsa":
      return newDsaKeyPem(context);
    default:
      return `Unknown type ${kind}`;
  }
}

function rsaKey(context: CallContext): PrivateKey {
  context.spend(RSA_2048_STEPS);
  return newRsaKey(2048);
}

type Wish = {
  readonly name: string;
  readonly days: GoInteger;
  readonly ips: GoSlice | null;
  readonly dnsNames: GoSlice | null;
  readonly isAuthority?: boolean;
};

function selfSigned(wish: Wish, key: PrivateKey, context: CallContext): Value {
  return certificateValue(issueCertificate(requestFor(wish, key, context), null, key), key.pem);
}

function signed(wish: Wish, key: PrivateKey, authority: GoStruct, context: CallContext): Value {
  const issuer: Issuer = readIssuer(fieldOf(authority, "Cert"));
  const signingKey = readPrivateKey(fieldOf(authority, "Key"));
  if (!equalBytes(issuer.publicKeyInfo, signingKey.publicKeyInfo))
    throw new TemplateFunctionError("the authority's key does not belong to its certificate");
  return certificateValue(issueCertificate(requestFor(wish, key, context), issuer, signingKey), key.pem);
}

function requestFor(wish: Wish, key: PrivateKey, context: CallContext): CertificateRequest {
  context.spend(SIGNING_STEPS);
  if (utf8ToByteString(byteStringToText(wish.name)) !== wish.name)
    throw new TemplateFunctionError("the common name is not UTF-8");
  const notBefore = instantAt(0n, BigInt(Math.trunc(context.now())) * 1_000_000n, UTC);
  const validity = BigInt.asIntN(64, wish.days.value * DAY_NANOSECONDS);
  return {
    commonName: wish.name,
    ips: stringsIn(wish.ips, "an IP address").map(readIp),
    dnsNames: stringsIn(wish.dnsNames, "a DNS name").map(readDnsName),
    notBefore,
    notAfter: addNanoseconds(notBefore, validity),
    isAuthority: wish.isAuthority ?? false,
    serial: context.randomBytes(16),
    key,
  };
}

function stringsIn(list: GoSlice | null, what: string): string[] {
  return (list?.items ?? []).map((item) => {
    if (typeof item !== "string") throw new TemplateFunctionError(`${what} is not a string`);
    return item;
  });
}

function readIp(text: string): number[] {
  const ip = parseIp(text);
  if (ip === null) throw new TemplateFunctionError("an IP address is malformed");
  // IPv4 within IPv6 is written as IPv4.
  const isMapped =
    ip.length === 16 && ip.slice(0, 10).every((byte) => byte === 0) && ip[10] === 255 && ip[11] === 255;
  return isMapped ? ip.slice(12) : ip;
}

function readDnsName(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what it asks for
  if (!/^[\x00-\x7f]*$/.test(text)) throw new TemplateFunctionError("a DNS name is not ASCII");
  return text;
}

function decoded(text: string, what: string): string {
  const result = fromBase64(text);
  if (!("bytes" in result)) throw new TemplateFunctionError(`the ${what} is not base64`);
  return toByteString(result.bytes);
}

function certificateValue(certificate: string, key: string): GoStruct {
  const fields = new Map([
    ["Cert", certificate],
    ["Key", key],
  ]);
  return { tag: "struct", type: certificateType as GoType, fields };
}

function fieldOf(authority: GoStruct, name: string): string {
  const value = authority.fields.get(name);
  return typeof value === "string" ? value : "";
}

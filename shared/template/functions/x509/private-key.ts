import { ed25519 } from "@noble/curves/ed25519.js";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import forge from "node-forge";
import { fromByteString, toByteString } from "../../byte-string.ts";
import { TemplateFunctionError } from "../../function-table.ts";
import { bits, type DerElement, der, explicit, oid, readSequence, sequence, TAG, unsigned } from "./der.ts";
import { readPem, writePem } from "./pem.ts";

/** A private key, as far as certificates need it. */
export type PrivateKey = {
  /** As Go writes it: PKCS#1, SEC 1 or PKCS#8 by its kind. */
  readonly pem: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array;
  /** The key inside it. */
  readonly publicKey: Uint8Array;
  /** AlgorithmIdentifier of its signatures, DER. */
  readonly signatureAlgorithm: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
};

const NULL = Uint8Array.of(0x05, 0);
const VERSION_0 = unsigned(Uint8Array.of(0));
const VERSION_1 = unsigned(Uint8Array.of(1));
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const EC_PUBLIC_KEY = oid("1.2.840.10045.2.1");
const ED25519 = oid("1.3.101.112");
const LEAST_RSA_BITS = 1024;

const curves = [
  { curve: p256, id: oid("1.2.840.10045.3.1.7"), signature: "1.2.840.10045.4.3.2", bytes: 32 },
  { curve: p384, id: oid("1.3.132.0.34"), signature: "1.2.840.10045.4.3.3", bytes: 48 },
  { curve: p521, id: oid("1.3.132.0.35"), signature: "1.2.840.10045.4.3.4", bytes: 66 },
];
type Curve = (typeof curves)[number];

/** Makes an RSA key. Node makes it natively; elsewhere it takes its time. */
export function newRsaKey(size: 2048 | 4096): PrivateKey {
  const { privateKey } = forge.pki.rsa.generateKeyPair({ bits: size });
  return rsaKey(fromByteString(forge.asn1.toDer(forge.pki.privateKeyToAsn1(privateKey)).getBytes()));
}

/** Makes an ECDSA key on P-256 from 48 random bytes. */
export function newEcdsaKey(random: Uint8Array): PrivateKey {
  const [first] = curves;
  if (first === undefined) throw new TypeError("the table of curves is empty");
  return ecKey(first, p256.utils.randomSecretKey(random));
}

/** Makes an Ed25519 key of 32 random bytes. */
export function newEd25519Key(random: Uint8Array): PrivateKey {
  return ed25519Key(random);
}

/**
 * Reads a key from PEM: PKCS#8, PKCS#1 or SEC 1, not encrypted.
 * @throws TemplateFunctionError for what is no key, and for kinds that sign no certificates here
 */
export function readPrivateKey(text: string): PrivateKey {
  const block = readPem(text);
  if (block === null) throw new TemplateFunctionError("the private key is not PEM");
  try {
    switch (block.label) {
      case "PRIVATE KEY":
        return readPkcs8(block.bytes);
      case "RSA PRIVATE KEY":
        return rsaKey(block.bytes);
      case "EC PRIVATE KEY":
        return readSec1(block.bytes, null);
      default:
        throw unreadable();
    }
  } catch (error) {
    // What the libraries say may quote the key.
    throw error instanceof TemplateFunctionError ? error : unreadable();
  }
}

function readPkcs8(bytes: Uint8Array): PrivateKey {
  const [version, algorithm, key] = readSequence(bytes) ?? [];
  const [id, parameters] = readSequence(whole(algorithm)) ?? [];
  if (version === undefined || key?.tag !== TAG.octets) throw unreadable();
  if (same(id, oid(RSA_ENCRYPTION))) return rsaKey(key.content);
  if (same(id, EC_PUBLIC_KEY)) return readSec1(key.content, whole(parameters));
  if (!same(id, ED25519)) throw unreadable();
  const seed = readElement(key.content);
  if (seed.tag !== TAG.octets || seed.content.length !== 32) throw unreadable();
  return ed25519Key(seed.content);
}

function readSec1(bytes: Uint8Array, knownCurve: Uint8Array | null): PrivateKey {
  const [version, secret, ...optional] = readSequence(bytes) ?? [];
  const named = optional.find(({ tag }) => tag === 0xa0)?.content ?? null;
  const id = knownCurve ?? named;
  const curve = curves.find((candidate) => id !== null && equal(candidate.id, id));
  if (version === undefined || secret?.tag !== TAG.octets || curve === undefined) throw unreadable();
  const padded = new Uint8Array(curve.bytes);
  const significant = secret.content.subarray(Math.max(0, secret.content.length - curve.bytes));
  padded.set(significant, curve.bytes - significant.length);
  return ecKey(curve, padded);
}

function rsaKey(pkcs1: Uint8Array): PrivateKey {
  const [version, modulus, exponent] = readSequence(pkcs1) ?? [];
  if (version === undefined || modulus === undefined || exponent === undefined) throw unreadable();
  const key = forge.pki.privateKeyFromAsn1(forge.asn1.fromDer(toByteString(pkcs1)));
  if (key.n.bitLength() < LEAST_RSA_BITS)
    throw new TemplateFunctionError("the RSA key is shorter than 1024 bits");
  const publicKey = sequence(modulus.whole, exponent.whole);
  return {
    pem: writePem("RSA PRIVATE KEY", pkcs1),
    publicKey,
    publicKeyInfo: sequence(sequence(oid(RSA_ENCRYPTION), NULL), bits(publicKey)),
    signatureAlgorithm: sequence(oid("1.2.840.113549.1.1.11"), NULL),
    sign: (message) => {
      const digest = forge.md.sha256.create().update(toByteString(message));
      return fromByteString(key.sign(digest));
    },
  };
}

function ecKey({ curve, id, signature }: Curve, secret: Uint8Array): PrivateKey {
  const publicKey = curve.getPublicKey(secret, false);
  const content = sequence(VERSION_1, der(TAG.octets, secret), explicit(0, id), explicit(1, bits(publicKey)));
  return {
    pem: writePem("EC PRIVATE KEY", content),
    publicKey,
    publicKeyInfo: sequence(sequence(EC_PUBLIC_KEY, id), bits(publicKey)),
    signatureAlgorithm: sequence(oid(signature)),
    sign: (message) => curve.sign(message, secret, { format: "der", lowS: false }),
  };
}

function ed25519Key(secret: Uint8Array): PrivateKey {
  const publicKey = ed25519.getPublicKey(secret);
  const algorithm = sequence(ED25519);
  return {
    pem: writePem("PRIVATE KEY", sequence(VERSION_0, algorithm, der(TAG.octets, der(TAG.octets, secret)))),
    publicKey,
    publicKeyInfo: sequence(algorithm, bits(publicKey)),
    signatureAlgorithm: algorithm,
    sign: (message) => ed25519.sign(message, secret),
  };
}

function readElement(bytes: Uint8Array): DerElement {
  const [element] = readSequence(sequence(bytes)) ?? [];
  if (element === undefined) throw unreadable();
  return element;
}

function whole(element: DerElement | undefined): Uint8Array {
  if (element === undefined) throw unreadable();
  return element.whole;
}

function same(element: DerElement | undefined, bytes: Uint8Array): boolean {
  return element !== undefined && equal(element.whole, bytes);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function unreadable(): TemplateFunctionError {
  return new TemplateFunctionError(
    "the private key is not one of RSA, ECDSA (P-256, P-384, P-521) or Ed25519",
  );
}

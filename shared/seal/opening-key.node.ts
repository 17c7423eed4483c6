import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  privateDecrypt,
  webcrypto,
} from "node:crypto";
import { availableParallelism } from "node:os";
import type { Bytes } from "../bytes.ts";
import { InputError } from "../errors.ts";
import { fingerprintOf, SHORTEST_KEY_BITS } from "./certificate.node.ts";
import type { OpeningKey } from "./rsa-hybrid.ts";

/**
 * Reads a private sealing key from PEM: PKCS#1 (`RSA PRIVATE KEY`) or PKCS#8 (`PRIVATE KEY`), unencrypted; the first
 * usable block wins.
 * @throws PrivateKeyError when there is none, or it is not RSA, or too short to use.
 */
export async function readOpeningKey(pem: string): Promise<OpeningKey> {
  const privateKey = parsePrivateKey(pem);
  const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < SHORTEST_KEY_BITS) throw new PrivateKeyError(`holds an RSA key of only ${bits} bits`);
  const publicKey = createPublicKey(privateKey);
  // One CryptoKey serves one operation at a time; with a copy for each core they run side by side.
  const der = new Uint8Array(privateKey.export({ type: "pkcs8", format: "der" }));
  const copies = await Promise.all(
    Array.from({ length: availableParallelism() }, () =>
      webcrypto.subtle.importKey("pkcs8", der, { name: "RSA-OAEP", hash: "SHA-256" }, false, ["decrypt"]),
    ),
  );
  der.fill(0);
  let turn = 0;
  return {
    fingerprint: fingerprintOf(publicKey),
    modulusBytes: Math.ceil(bits / 8),
    async unwrap(block, label) {
      const copy = copies[turn++ % copies.length];
      if (copy === undefined) return null;
      try {
        return new Uint8Array(await webcrypto.subtle.decrypt({ name: "RSA-OAEP", label }, copy, block));
      } catch {
        // Wrong key, wrong label and damage are one answer by design of OAEP.
        return null;
      }
    },
    rawDecrypt: (block) => rawDecrypt(privateKey, block),
  };
}

function rawDecrypt(key: KeyObject, block: Bytes): Bytes | null {
  try {
    return new Uint8Array(privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, block));
  } catch {
    return null;
  }
}

function parsePrivateKey(pem: string): KeyObject {
  for (const block of pem.match(PRIVATE_KEY_BLOCK) ?? []) {
    let key: KeyObject;
    try {
      key = createPrivateKey(block);
    } catch {
      continue;
    }
    if (key.asymmetricKeyType !== "rsa") {
      throw new PrivateKeyError(`holds a key of type ${key.asymmetricKeyType ?? "unknown"}, not RSA`);
    }
    return key;
  }
  throw new PrivateKeyError("holds no private key in PEM form");
}

const PRIVATE_KEY_BLOCK = /-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----[\s\S]*?-----END \1-----/g;

/** What was given as a private sealing key cannot be used as one. Never quotes the input. */
export class PrivateKeyError extends InputError {
  override readonly code: string = "private-key";
  /** @param problem a verb phrase without a subject: `holds no private key in PEM form`. */
  constructor(problem: string) {
    super(
      problem,
      "a sealing key is an unencrypted RSA private key in PEM form, as in the item tls.key of a key Secret",
    );
  }
}

import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { type Bytes, concat, equalBytes, utf8 } from "../../../bytes.ts";
import { type AgeFile, type AgeStanza, fromUnpadded } from "./age-file.ts";
import type { AgeIdentity } from "./age-identity.ts";
import { fromBech32, toBech32 } from "./bech32.ts";

/** A scalar as PKCS #8 (RFC 8410), which is how WebCrypto takes one: these bytes and the 32 of the scalar. */
const PKCS8_START = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32);
const X25519 = { name: "X25519" } as const;
const BASE_POINT = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 9 : 0));
const KEY_BYTES = 32;
const FILE_KEY_BYTES = 16;
const TAG_BYTES = 16;
const NONCE_BYTES = 16;
/** Longer contents come in several chunks, which no data key does. */
const CHUNK_BYTES = 64 * 1024 + TAG_BYTES;
/** Of the first chunk, which is the last. */
const CHUNK_NONCE = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
const NO_NONCE = new Uint8Array(12);
const NO_SALT = new Uint8Array(0);

/**
 * An identity of the kind X25519 (`AGE-SECRET-KEY-1…`). It opens files by itself: the library takes as long to load as
 * everything else that is done to open one document.
 * @returns null for what is none.
 */
export function x25519Identity(text: string): AgeIdentity | null {
  const scalar = fromBech32("AGE-SECRET-KEY-", text);
  if (scalar?.length !== KEY_BYTES) return null;
  let keys: Promise<Keys> | null = null;
  const ownKeys = () => {
    keys ??= keysOf(scalar);
    return keys;
  };
  return {
    recipient: async () => toBech32("age", (await ownKeys()).point),
    async open(file) {
      for (const stanza of file.stanzas) {
        if (stanza.type !== "X25519") continue;
        const fileKey = await unwrapped(stanza, await ownKeys());
        if (fileKey !== null) return opened(file, fileKey);
      }
      return null;
    },
  };
}

type PrivateKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
/** The scalar, and the point that others encrypt for. */
type Keys = { scalar: PrivateKey; point: Bytes };

async function keysOf(bytes: Bytes): Promise<Keys> {
  const pkcs8 = concat(PKCS8_START, bytes);
  const scalar = await crypto.subtle.importKey("pkcs8", pkcs8, X25519, false, ["deriveBits"]);
  pkcs8.fill(0);
  return { scalar, point: await shared(scalar, BASE_POINT) };
}

/** @throws an error of WebCrypto's for a point of low order, with which the secret would be no secret. */
async function shared(scalar: PrivateKey, point: Bytes): Promise<Bytes> {
  const peer = await crypto.subtle.importKey("raw", point, X25519, false, []);
  return new Uint8Array(await crypto.subtle.deriveBits({ ...X25519, public: peer }, scalar, KEY_BYTES * 8));
}

/** The file's key; null where the stanza is for another identity. @throws when it is none of its kind. */
async function unwrapped({ args, body }: AgeStanza, { scalar, point }: Keys): Promise<Bytes | null> {
  const share = fromUnpadded(args[0] ?? "");
  if (args.length !== 1 || share?.length !== KEY_BYTES || body.length !== FILE_KEY_BYTES + TAG_BYTES)
    throw new Error("no stanza of its kind");
  const secret = await shared(scalar, share);
  const key = await derived(secret, concat(share, point), "age-encryption.org/v1/X25519");
  secret.fill(0);
  try {
    return decrypted(key, NO_NONCE, body);
  } catch {
    return null;
  } finally {
    key.fill(0);
  }
}

/** What the file holds. @throws when header or content are not authentic. */
async function opened({ header, code, payload }: AgeFile, fileKey: Bytes): Promise<Bytes> {
  try {
    const headerKey = await derived(fileKey, NO_SALT, "header");
    if (!equalBytes(await codeOf(header, headerKey), code)) throw new Error("the header is not authentic");
    const chunk = payload.subarray(NONCE_BYTES);
    if (chunk.length < TAG_BYTES || chunk.length > CHUNK_BYTES) throw new Error("no content of its kind");
    const key = await derived(fileKey, payload.slice(0, NONCE_BYTES), "payload");
    const plaintext = decrypted(key, CHUNK_NONCE, chunk);
    key.fill(0);
    return plaintext;
  } finally {
    fileKey.fill(0);
  }
}

async function derived(secret: Bytes, salt: Bytes, info: string): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]);
  const how = { name: "HKDF", hash: "SHA-256", salt, info: utf8(info) };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, KEY_BYTES * 8));
}

async function codeOf(header: Bytes, key: Bytes): Promise<Bytes> {
  const how = { name: "HMAC", hash: "SHA-256" };
  const hmac = await crypto.subtle.importKey("raw", key, how, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", hmac, header));
}

function decrypted(key: Bytes, nonce: Uint8Array, ciphertext: Uint8Array): Bytes {
  const plaintext = chacha20poly1305(key, nonce).decrypt(ciphertext);
  const own = Uint8Array.from(plaintext);
  plaintext.fill(0);
  return own;
}

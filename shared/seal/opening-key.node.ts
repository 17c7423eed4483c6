import {
  type CipherGCMTypes,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  webcrypto,
} from "node:crypto";
import { availableParallelism } from "node:os";
import type { Bytes } from "../bytes.ts";
import { InputError } from "../errors.ts";
import { fingerprintOf, SHORTEST_KEY_BITS } from "./certificate.node.ts";
import { NONCE, TAG_BYTES } from "./classic-container.ts";
import type { OpeningKey } from "./opening-key.ts";
import { type BlockJudge, judgeBlockHere } from "./raw-block.node.ts";

/**
 * Reads a private sealing key from PEM: PKCS#1 (`RSA PRIVATE KEY`) or PKCS#8 (`PRIVATE KEY`), unencrypted; the first
 * usable block wins.
 * @param pem as bytes where the caller wants to wipe it: no copy of it is left then.
 * @param judge where the diagnosis runs: by default in the calling thread.
 * @throws PrivateKeyError when there is none, or it is not RSA, or too short to use.
 */
export async function readOpeningKey(
  pem: string | Bytes,
  judge: BlockJudge = judgeBlockHere,
): Promise<OpeningKey> {
  const privateKey = parsePrivateKey(pem);
  const bits = privateKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < SHORTEST_KEY_BITS) throw new PrivateKeyError(`holds an RSA key of only ${bits} bits`);
  const modulusBytes = Math.ceil(bits / 8);
  const copies = new KeyCopies(privateKey);
  await copies.add();
  return {
    fingerprint: fingerprintOf(createPublicKey(privateKey)),
    modulusBytes,
    unwrap: async (block, label) => {
      // One that begins with a zero would be taken for the same number without it.
      if (block.length !== modulusBytes) return null;
      return copies.use(async (copy) => {
        try {
          return new Uint8Array(await webcrypto.subtle.decrypt({ name: "RSA-OAEP", label }, copy, block));
        } catch {
          // Wrong key, wrong label and damage are one answer by design of OAEP.
          return null;
        }
      });
    },
    judge: (block) => judge(privateKey, block),
    decrypt,
    sign: (content) => new Uint8Array(sign("sha256", content, privateKey)),
  };
}

/** By the length of the session key in bytes. */
const CIPHERS: ReadonlyMap<number, CipherGCMTypes> = new Map([
  [16, "aes-128-gcm"],
  [24, "aes-192-gcm"],
  [32, "aes-256-gcm"],
]);

/** From here on WebCrypto is used: decrypting that much would be felt by the thread. */
const MUCH_BYTES = 256 * 1024;

/** WebCrypto's would stand in the thread pool's queue twice, behind the RSA operations of others. */
async function decrypt(sessionKey: Bytes, ciphertext: Bytes): Promise<Bytes | null> {
  try {
    if (ciphertext.length > MUCH_BYTES) {
      const key = await webcrypto.subtle.importKey("raw", sessionKey, "AES-GCM", false, ["decrypt"]);
      return new Uint8Array(await webcrypto.subtle.decrypt({ name: "AES-GCM", iv: NONCE }, key, ciphertext));
    }
    const name = CIPHERS.get(sessionKey.length);
    if (name === undefined) return null;
    const cipher = createDecipheriv(name, sessionKey, NONCE, { authTagLength: TAG_BYTES });
    cipher.setAuthTag(ciphertext.subarray(-TAG_BYTES));
    const plaintext = new Uint8Array(cipher.update(ciphertext.subarray(0, -TAG_BYTES)));
    cipher.final();
    return plaintext;
  } catch {
    return null;
  }
}

/**
 * One CryptoKey serves one operation at a time, and keeps a thread of the pool waiting for a second; copies run side by side.
 * They are made as they are needed: of many keys few are in use.
 */
class KeyCopies {
  readonly #privateKey: KeyObject;
  readonly #idle: webcrypto.CryptoKey[] = [];
  readonly #waiting: (() => void)[] = [];
  #made = 0;

  constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
  }

  /** Makes one more, which is idle then. */
  async add(): Promise<void> {
    this.#made += 1;
    const der = new Uint8Array(this.#privateKey.export({ type: "pkcs8", format: "der" }));
    try {
      const algorithm = { name: "RSA-OAEP", hash: "SHA-256" };
      this.#idle.push(await webcrypto.subtle.importKey("pkcs8", der, algorithm, false, ["decrypt"]));
    } finally {
      der.fill(0);
    }
  }

  /** Lends a copy that nobody else uses; calls wait in turn when all are in use. */
  async use<T>(work: (copy: webcrypto.CryptoKey) => Promise<T>): Promise<T> {
    let copy = this.#idle.pop();
    while (copy === undefined) {
      if (this.#made < MOST_COPIES) await this.add();
      else await new Promise<void>((resolve) => this.#waiting.push(resolve));
      copy = this.#idle.pop();
    }
    try {
      return await work(copy);
    } finally {
      this.#idle.push(copy);
      this.#waiting.shift()?.();
    }
  }
}

/** More would not be faster. */
const MOST_COPIES = availableParallelism();

function parsePrivateKey(pem: string | Bytes): KeyObject {
  const text =
    typeof pem === "string" ? Buffer.from(pem) : Buffer.from(pem.buffer, pem.byteOffset, pem.length);
  for (const block of privateKeyBlocks(text)) {
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

const LABELS = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/** Views on the text, in their order there: a string of a key could not be wiped. */
function* privateKeyBlocks(text: Buffer): Iterable<Buffer> {
  for (let at = 0; ; ) {
    const begins = LABELS.map((label) => ({ label, from: text.indexOf(`-----BEGIN ${label}-----`, at) }));
    const [next] = begins.filter(({ from }) => from !== -1).sort((a, b) => a.from - b.from);
    if (next === undefined) return;
    const end = `-----END ${next.label}-----`;
    const to = text.indexOf(end, next.from);
    // A block without an end may hold one that has one.
    at = to === -1 ? next.from + 1 : to + end.length;
    if (to !== -1) yield text.subarray(next.from, at);
  }
}

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

import { type Bytes, concat, fromBase64, toBase64, utf8 } from "../../bytes.ts";
import type { LeafType } from "./leaf-bytes.ts";

/** A value `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`, taken apart. */
export type EncryptedValue = {
  /** Ciphertext without the tag, of the plaintext's length. */
  data: Bytes;
  iv: Bytes;
  /** 16 bytes. */
  tag: Bytes;
  /** As it stands there, whether known or not: it is not authenticated. */
  type: string;
};

/** Length of the initialisation vectors that SOPS writes. It reads others, and then cannot write them again. */
export const IV_BYTES = 32;
const SHORT_IV_BYTES = 12;
const TAG_BYTES = 16;

const BEGIN = "ENC[AES256_GCM,";
const FIELDS = ["data:", ",iv:", ",tag:", ",type:"] as const;

/** Whether a text begins as an encrypted value does. */
export function looksEncrypted(text: string): boolean {
  return text.startsWith("ENC[");
}

/**
 * Reads an encrypted value from its first character to its last: these four fields in this order, none empty, base64
 * with padding. IVs of 32 bytes, as SOPS writes them, or of 12, as others did.
 * @returns null for any other text.
 */
export function parseEncryptedValue(text: string): EncryptedValue | null {
  if (!text.startsWith(BEGIN) || !text.endsWith("]")) return null;
  const fields = fieldsOf(text.slice(BEGIN.length, -1));
  if (fields === null) return null;
  const [data, iv, tag] = fields.slice(0, 3).map(bytesOf);
  const type = fields[3] ?? "";
  if (!data || !iv || !tag || !/^[a-z]+$/.test(type)) return null;
  if (tag.length !== TAG_BYTES || (iv.length !== IV_BYTES && iv.length !== SHORT_IV_BYTES)) return null;
  return { data, iv, tag, type };
}

/** The texts between the names of the fields, which no base64 can hold. */
function fieldsOf(text: string): string[] | null {
  const fields: string[] = [];
  if (!text.startsWith(FIELDS[0])) return null;
  let at = FIELDS[0].length;
  for (const next of FIELDS.slice(1)) {
    const end = text.indexOf(next, at);
    if (end === -1) return null;
    fields.push(text.slice(at, end));
    at = end + next.length;
  }
  fields.push(text.slice(at));
  return fields;
}

function bytesOf(text: string): Bytes | null {
  if (text === "" || /[\r\n]/.test(text)) return null;
  const read = fromBase64(text);
  return "bytes" in read ? read.bytes : null;
}

/** The text of an encrypted value. */
export function encryptedValueText({ data, iv, tag, type }: EncryptedValue): string {
  return `${BEGIN}data:${toBase64(data)},iv:${toBase64(iv)},tag:${toBase64(tag)},type:${type}]`;
}

/** Encrypts and decrypts values under one data key: AES-256-GCM with random IVs of 32 bytes. */
export class ValueCipher {
  readonly #key: InstanceType<typeof CryptoKey>;

  private constructor(key: InstanceType<typeof CryptoKey>) {
    this.#key = key;
  }

  /** @param dataKey of 32 bytes; the caller wipes it. */
  static async of(dataKey: Bytes): Promise<ValueCipher> {
    return new ValueCipher(
      await crypto.subtle.importKey("raw", dataKey, "AES-GCM", false, ["encrypt", "decrypt"]),
    );
  }

  /**
   * @param binding what the value is bound to: the path of a leaf, the time of a MAC.
   * @param iv for known answers alone: under one key, no IV may serve twice.
   * @returns the text of the encrypted value.
   */
  async encrypt(
    plaintext: Uint8Array,
    binding: string,
    type: LeafType,
    iv: Bytes = crypto.getRandomValues(new Uint8Array(IV_BYTES)),
  ): Promise<string> {
    const algorithm = { name: "AES-GCM", iv, additionalData: utf8(binding) };
    const copy = new Uint8Array(plaintext);
    try {
      const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm, this.#key, copy));
      const end = sealed.length - TAG_BYTES;
      return encryptedValueText({ data: sealed.subarray(0, end), iv, tag: sealed.subarray(end), type });
    } finally {
      copy.fill(0);
    }
  }

  /** @returns null when the value is not authentic under this key and binding. */
  async decrypt({ data, iv, tag }: EncryptedValue, binding: string): Promise<Bytes | null> {
    const algorithm = { name: "AES-GCM", iv, additionalData: utf8(binding) };
    try {
      return new Uint8Array(await crypto.subtle.decrypt(algorithm, this.#key, concat(data, tag)));
    } catch {
      return null;
    }
  }
}

import {
  constants,
  createDecipheriv,
  createHash,
  createPrivateKey,
  type KeyObject,
  privateDecrypt,
} from "node:crypto";
import { oaepDecode } from "../../support/oaep-encoding.ts";

/** Replaces ciphertexts in a text by what they hold. */
export type ValueOpener = (text: string) => string;

/**
 * Makes an opener that knows these private keys and labels, without the product's own code: each sealed value in a text
 * becomes `<KEY LABEL BASE64>`, so that two texts are equal when their values open under the same key and label to the same
 * bytes.
 * @param keys PEM by the name that stands for it.
 * @param labels those to name; any other is named by its hash.
 */
export function valueOpener(keys: Readonly<Record<string, string>>, labels: readonly string[]): ValueOpener {
  const ring = Object.entries(keys).map(([name, pem]) => [name, createPrivateKey(pem)] as const);
  const names = new Map(labels.map((label) => [sha256(label), `label:${label}`]));
  return (text) =>
    text.replace(/A[QgY][A-Za-z0-9+/]{300,}={0,2}/g, (value) => {
      for (const [name, key] of ring) {
        const opened = open(Buffer.from(value, "base64"), key);
        if (opened === null) continue;
        const label = names.get(opened.labelHash) ?? opened.labelHash.slice(0, 8);
        return `<${name} ${label} ${opened.plaintext.toString("base64")}>`;
      }
      return "<not opened>";
    });
}

function open(value: Buffer, key: KeyObject): { labelHash: string; plaintext: Buffer } | null {
  const end = 2 + value.readUInt16BE(0);
  const ciphertext = value.subarray(end, -16);
  try {
    const block = privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, value.subarray(2, end));
    const decoded = oaepDecode(block);
    if (decoded === null) return null;
    const cipher = createDecipheriv("aes-256-gcm", decoded.message, Buffer.alloc(12));
    cipher.setAuthTag(value.subarray(-16));
    const plaintext = Buffer.concat([cipher.update(ciphertext), cipher.final()]);
    return { labelHash: decoded.labelHash.toString("hex"), plaintext };
  } catch {
    return null;
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

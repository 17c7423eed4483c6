import { fromBase64 } from "../../shared/bytes.ts";
import { parseEncryptedValue } from "../../shared/document/sops/value.ts";
import { TAG_BYTES } from "../../shared/seal/classic-container.ts";
import { formOf } from "../../shared/seal/codec.ts";
import { readKmsValue } from "../../shared/seal/kms-value.ts";
import { RemoteValueError } from "../../shared/seal/remote-value-error.ts";
import { readVaultValue } from "../../shared/seal/vault-value.ts";

/** Lengths that an encrypted session key may have: RSA keys from 1,024 to 16,384 bits. */
const SHORTEST_BLOCK_BYTES = 128;
const LONGEST_BLOCK_BYTES = 2048;
const BASE64_TEXT = /^[A-Za-z0-9+/]+={0,2}$/;

/** Whether a text has the form of a sealed value: only its layout is looked at, no key is at hand. */
export function isSealedValue(text: string): boolean {
  const form = formOf(text);
  switch (form.backend) {
    case "kms":
      return isRead(() => readKmsValue("", text));
    case "vault":
      return isRead(() => readVaultValue("", text));
    case "sops":
      return parseEncryptedValue(text) !== null;
    case "classic":
      return isClassic(text);
    default:
      return false;
  }
}

/** By the length of its text and its first bytes: decoding all of many values takes time, and tells nothing more. */
function isClassic(text: string): boolean {
  const dense = (text.includes("\n") ? text.replace(/[\r\n]/g, "") : text).trim();
  if (dense.length % 4 !== 0 || !BASE64_TEXT.test(dense)) return false;
  const padding = dense.endsWith("==") ? 2 : dense.endsWith("=") ? 1 : 0;
  const head = fromBase64(dense.slice(0, 4));
  if ("illegalAt" in head) return false;
  const [high = 0, low = 0] = head.bytes;
  const block = (high << 8) | low;
  const left = (dense.length / 4) * 3 - padding - 2 - block;
  return block >= SHORTEST_BLOCK_BYTES && block <= LONGEST_BLOCK_BYTES && left >= TAG_BYTES;
}

function isRead(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (error instanceof RemoteValueError) return false;
    throw error;
  }
}

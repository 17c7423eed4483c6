import { fromBase64 } from "../../shared/bytes.ts";
import { parseEncryptedValue } from "../../shared/document/sops/value.ts";
import { splitContainer, TAG_BYTES } from "../../shared/seal/classic-container.ts";
import { formOf } from "../../shared/seal/codec.ts";
import { readKmsValue } from "../../shared/seal/kms-value.ts";
import { RemoteValueError } from "../../shared/seal/remote-value-error.ts";
import { readVaultValue } from "../../shared/seal/vault-value.ts";

/** Lengths that an encrypted session key may have: RSA keys from 1,024 to 16,384 bits. */
const SHORTEST_BLOCK_BYTES = 128;
const LONGEST_BLOCK_BYTES = 2048;

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

function isClassic(text: string): boolean {
  const decoded = fromBase64(text.trim());
  const parts = "bytes" in decoded ? splitContainer(decoded.bytes) : null;
  if (parts === null) return false;
  const { block, ciphertext } = parts;
  return (
    block.length >= SHORTEST_BLOCK_BYTES &&
    block.length <= LONGEST_BLOCK_BYTES &&
    ciphertext.length >= TAG_BYTES
  );
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

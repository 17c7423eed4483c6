import { cbc } from "@noble/ciphers/aes.js";
import { concat, fromBase64, toBase64 } from "../../bytes.ts";
import { fromByteString, toByteString } from "../byte-string.ts";
import { type FunctionTable, goFunction, TemplateFunctionError } from "../function-table.ts";
import { types } from "../value.ts";
import { readBytes, writeBytes } from "./accounting.ts";
import { tableOf } from "./table.ts";

const { string } = types;
const KEY_BYTES = 32;
const BLOCK_BYTES = 16;
// A byte costs so much more than to copy one.
const CIPHER_WEIGHT = 4;

/** AES-256-CBC as sprig does it: base64 of initialisation vector and ciphertext, unauthenticated. */
export const cipherFunctions: FunctionTable = tableOf({
  encryptAES: goFunction(
    [string, string],
    ([password, plaintext], context) => {
      if (plaintext === "") return "";
      writeBytes(context, CIPHER_WEIGHT * (plaintext.length + 2 * BLOCK_BYTES));
      const vector = context.randomBytes(BLOCK_BYTES);
      const ciphertext = cbc(keyOf(password), vector).encrypt(fromByteString(plaintext));
      return toBase64(concat(vector, ciphertext));
    },
    "random",
  ),
  decryptAES: goFunction([string, string], ([password, text], context) => {
    if (text === "") return "";
    readBytes(context, CIPHER_WEIGHT * text.length);
    const decoded = fromBase64(text);
    if (!("bytes" in decoded)) throw new TemplateFunctionError("the ciphertext is not base64");
    const vector = decoded.bytes.subarray(0, BLOCK_BYTES);
    const ciphertext = decoded.bytes.subarray(BLOCK_BYTES);
    if (ciphertext.length === 0 || ciphertext.length % BLOCK_BYTES !== 0)
      throw new TemplateFunctionError("the ciphertext is not whole blocks of 16 bytes");
    const padded = cbc(keyOf(password), vector, { disablePadding: true }).decrypt(ciphertext);
    return toByteString(padded.subarray(0, lengthWithoutPadding(padded)));
  }),
});

/** Cut off or filled up with zeros to the key's size. */
function keyOf(password: string): Uint8Array {
  const key = new Uint8Array(KEY_BYTES);
  key.set(fromByteString(password.slice(0, KEY_BYTES)));
  return key;
}

/** Only the last byte counts: sprig looks at no other byte of the padding. */
function lengthWithoutPadding(padded: Uint8Array): number {
  const length = padded.length - (padded.at(-1) ?? 0);
  if (length < 0) throw new TemplateFunctionError("the password is another, or the ciphertext is damaged");
  return length;
}

import { fromUtf8 } from "../../shared/bytes.ts";
import { encodingOf } from "../../shared/document/encoding.ts";

const HEAD_BYTES = 8000;

/**
 * The text of a file, whatever it is: UTF-16 too, without a byte order mark as well, and Latin-1 where it is no UTF-8. A byte
 * order mark is left out.
 * @returns null for a binary file that holds no key as text.
 */
export function fileText(bytes: Uint8Array): string | null {
  const encoding = encodingOf(bytes);
  if (encoding !== "utf-8") return new TextDecoder(encoding).decode(bytes);
  if (bytes.subarray(0, HEAD_BYTES).includes(0)) return unmarkedText(bytes);
  const text = fromUtf8(bytes) ?? new TextDecoder("latin1").decode(bytes);
  return text.replace(/^\ufeff/, "");
}

const SOME_KEY = /AGE-SECRET-KEY-|PRIVATE KEY/;

/** Files with zero bytes: UTF-16 has one in each letter of a manifest; what else has them is binary. */
function unmarkedText(bytes: Uint8Array): string | null {
  const isOdd = bytes[0] === 0;
  const [zero, other] = isOdd ? [0, 1] : [1, 0];
  const length = Math.min(bytes.length, HEAD_BYTES);
  let fitting = 0;
  for (let at = 0; at + 1 < length; at += 2) if (bytes[at + zero] === 0 && bytes[at + other] !== 0) fitting++;
  if (fitting * 2 > length * 0.4) return new TextDecoder(isOdd ? "utf-16be" : "utf-16le").decode(bytes);
  const text = new TextDecoder("latin1").decode(bytes);
  return SOME_KEY.test(text) ? text : null;
}

/** What reading base32 gives: a byte string, or the offset that Go names in its error. */
export type Base32Result = { text: string } | { illegalAt: number };

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** Characters that a last group of so many bytes has before its padding. */
const GROUP = 8;
const LENGTHS = [2, 4, 5, 7, GROUP];

/**
 * Writes standard base32 (RFC 4648 section 6), padded.
 * @param text a byte string
 */
export function toBase32(text: string): string {
  let encoded = "";
  let bits = 0;
  let waiting = 0;
  for (let at = 0; at < text.length; at++) {
    waiting = ((waiting & 0x1f) << 8) | text.charCodeAt(at);
    for (bits += 8; bits >= 5; bits -= 5) encoded += ALPHABET[(waiting >> (bits - 5)) & 0x1f];
  }
  if (bits > 0) encoded += ALPHABET[(waiting << (5 - bits)) & 0x1f];
  return encoded.padEnd(Math.ceil(encoded.length / GROUP) * GROUP, "=");
}

/**
 * Reads standard base32 as Go's encoding/base32 does: padded, upper case, CR and LF ignored wherever they stand. What
 * follows a padded group is not looked at.
 */
export function fromBase32(encoded: string): Base32Result {
  const dense = encoded.replace(/[\r\n]/g, "");
  let text = "";
  for (let start = 0; start < dense.length; start += GROUP) {
    const group = readGroup(dense, start);
    if ("illegalAt" in group) return group;
    text += bytesOf(group.digits);
    if (group.digits.length < GROUP) break;
  }
  return { text };
}

function readGroup(dense: string, start: number): { digits: number[] } | { illegalAt: number } {
  const digits: number[] = [];
  while (digits.length < GROUP) {
    const at = start + digits.length;
    if (at >= dense.length) return { illegalAt: start };
    if (dense[at] === "=" && digits.length >= 2 && dense.length - at <= GROUP) {
      return readPadding(dense, at, digits);
    }
    const digit = ALPHABET.indexOf(dense.charAt(at));
    if (digit < 0) return { illegalAt: at };
    digits.push(digit);
  }
  return { digits };
}

function readPadding(
  dense: string,
  at: number,
  digits: number[],
): { digits: number[] } | { illegalAt: number } {
  const due = GROUP - digits.length;
  if (dense.length - at < due) return { illegalAt: dense.length };
  for (let next = 1; next < due; next++) {
    if (dense[at + next] !== "=") return { illegalAt: at + next - 1 };
  }
  return LENGTHS.includes(digits.length) ? { digits } : { illegalAt: at };
}

function bytesOf(digits: readonly number[]): string {
  let text = "";
  let bits = 0;
  let waiting = 0;
  for (const digit of digits) {
    waiting = ((waiting & 0xff) << 5) | digit;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      text += String.fromCharCode((waiting >> bits) & 0xff);
    }
  }
  return text;
}

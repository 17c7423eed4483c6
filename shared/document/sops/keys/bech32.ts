import { type Bytes, utf8 } from "../../../bytes.ts";

/** BIP 173: https://github.com/bitcoin/bips/blob/master/bip-0173.mediawiki; age has it without the bound on the length. */
const DIGITS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3] as const;
const CHECKSUM_DIGITS = 6;

/**
 * The bytes that a text in Bech32 spells under a prefix, in the case of the prefix.
 * @returns null for anything else, a wrong checksum and bits left over included.
 */
export function fromBech32(prefix: string, text: string): Bytes | null {
  const start = `${prefix}1`;
  if (!text.startsWith(start)) return null;
  const rest = text.slice(start.length);
  const isUpper = prefix !== prefix.toLowerCase();
  if (rest !== (isUpper ? rest.toUpperCase() : rest.toLowerCase())) return null;
  const digits = [...rest.toLowerCase()].map((digit) => DIGITS.indexOf(digit));
  if (digits.length < CHECKSUM_DIGITS || digits.includes(-1)) return null;
  if (checksum([...expanded(prefix.toLowerCase()), ...digits]) !== 1) return null;
  return toOctets(digits.slice(0, -CHECKSUM_DIGITS));
}

/** The text in Bech32, in small letters. @param prefix in small letters. */
export function toBech32(prefix: string, bytes: Uint8Array): string {
  const digits = toQuintets(bytes);
  const zeros = new Array<number>(CHECKSUM_DIGITS).fill(0);
  const sum = checksum([...expanded(prefix), ...digits, ...zeros]) ^ 1;
  const check = zeros.map((_, at) => (sum >> (5 * (CHECKSUM_DIGITS - 1 - at))) & 31);
  return `${prefix}1${[...digits, ...check].map((digit) => DIGITS.charAt(digit)).join("")}`;
}

function expanded(prefix: string): number[] {
  const codes = [...utf8(prefix)];
  return [...codes.map((code) => code >> 5), 0, ...codes.map((code) => code & 31)];
}

function checksum(digits: readonly number[]): number {
  let sum = 1;
  for (const digit of digits) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ digit;
    for (const [at, mask] of GENERATOR.entries()) if ((top >> at) & 1) sum ^= mask;
  }
  return sum >>> 0;
}

function toOctets(digits: readonly number[]): Bytes | null {
  const bytes = new Uint8Array(Math.floor((digits.length * 5) / 8));
  let [held, bits, at] = [0, 0, 0];
  for (const digit of digits) {
    held = ((held << 5) | digit) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = held >> bits;
  }
  return bits >= 5 || (held & ((1 << bits) - 1)) !== 0 ? null : bytes;
}

function toQuintets(bytes: Uint8Array): number[] {
  const digits: number[] = [];
  let [held, bits] = [0, 0];
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      digits.push((held >> bits) & 31);
    }
  }
  if (bits > 0) digits.push((held << (5 - bits)) & 31);
  return digits;
}

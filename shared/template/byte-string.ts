import { utf8 } from "../bytes.ts";

/** What Go decodes a byte to that begins no valid UTF-8 sequence. */
export const REPLACEMENT = 0xfffd;

/** A character of a byte string: its code point, where it begins and how many bytes it takes. */
export type Rune = { readonly point: number; readonly at: number; readonly width: number };

/** One character (0 to 255) for each byte. */
export function toByteString(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += SLICE_BYTES)
    text += String.fromCharCode(...bytes.subarray(at, at + SLICE_BYTES));
  return text;
}

// An argument list has a limit.
const SLICE_BYTES = 8192;

/** The bytes of a byte string. */
export function fromByteString(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** The UTF-8 bytes of an ordinary string, as a byte string. */
export function utf8ToByteString(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what it asks for
  return /^[\x00-\x7f]*$/.test(text) ? text : toByteString(utf8(text));
}

/** The ordinary string whose UTF-8 these bytes are; each byte that fits nowhere becomes U+FFFD, as in Go. */
export function byteStringToText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what it asks for
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  let decoded = "";
  for (const { point } of runesOf(text)) decoded += String.fromCodePoint(point);
  return decoded;
}

/** The characters of a byte string as Go's `range` over a string gives them. */
export function* runesOf(text: string): Generator<Rune, void, undefined> {
  let at = 0;
  while (at < text.length) {
    const rune = runeAt(text, at);
    yield rune;
    at += rune.width;
  }
}

/** How many characters a byte string has (Go: utf8.RuneCountInString). */
export function runeCount(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; count++) at += runeAt(text, at).width;
  return count;
}

/** Decodes the character at an offset below the length. What is not valid UTF-8 is U+FFFD of width 1, as in Go. */
export function runeAt(text: string, at: number): Rune {
  const first = text.charCodeAt(at);
  if (first < 0x80) return { point: first, at, width: 1 };
  const width = first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3 : 4;
  if (first < 0xc2 || first > 0xf4 || at + width > text.length) return { point: REPLACEMENT, at, width: 1 };
  let point = first & (0x7f >> width);
  for (let i = 1; i < width; i++) {
    const next = text.charCodeAt(at + i);
    if ((next & 0xc0) !== 0x80) return { point: REPLACEMENT, at, width: 1 };
    point = (point << 6) | (next & 0x3f);
  }
  const overlong = (width === 3 && point < 0x800) || (width === 4 && point < 0x10000);
  if (overlong || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
    return { point: REPLACEMENT, at, width: 1 };
  return { point, at, width };
}

/** The UTF-8 bytes of a code point; U+FFFD for a surrogate or what lies beyond Unicode. */
export function encodeRune(point: number): string {
  const legal = point >= 0 && point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000);
  const code = legal ? point : REPLACEMENT;
  if (code < 0x80) return String.fromCharCode(code);
  const last = 0x80 | (code & 0x3f);
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >> 6), last);
  const third = 0x80 | ((code >> 6) & 0x3f);
  if (code < 0x10000) return String.fromCharCode(0xe0 | (code >> 12), third, last);
  return String.fromCharCode(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), third, last);
}

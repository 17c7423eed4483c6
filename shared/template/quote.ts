import { encodeRune, REPLACEMENT, runeAt, runesOf } from "./byte-string.ts";
import { isNewerThanGo } from "./newer-than-go.ts";

const ESCAPES = new Map([
  [7, "\\a"],
  [8, "\\b"],
  [12, "\\f"],
  [10, "\\n"],
  [13, "\\r"],
  [9, "\\t"],
  [11, "\\v"],
]);

/**
 * A byte string as a Go string literal in double quotes (strconv.Quote, or QuoteToASCII when `ascii`).
 * @returns byte string.
 */
export function quoteString(text: string, ascii = false): string {
  let quoted = '"';
  for (const { point, at, width } of runesOf(text)) {
    if (point === REPLACEMENT && width === 1) quoted += `\\x${hex(text.charCodeAt(at), 2)}`;
    else quoted += escaped(point, '"', ascii);
  }
  return `${quoted}"`;
}

/** A code point as a Go character literal (strconv.QuoteRune). What is no code point is written as U+FFFD. */
export function quoteRune(point: number, ascii = false): string {
  const legal = point >= 0 && point <= 0x10ffff && !(point >= 0xd800 && point < 0xe000);
  return `'${escaped(legal ? point : REPLACEMENT, "'", ascii)}'`;
}

function escaped(point: number, quote: string, ascii: boolean): string {
  if (point === quote.charCodeAt(0) || point === 0x5c) return `\\${String.fromCharCode(point)}`;
  if (isPrint(point) && (!ascii || point < 0x80)) return encodeRune(point);
  const short = ESCAPES.get(point);
  if (short !== undefined) return short;
  if (point < 0x20 || point === 0x7f) return `\\x${hex(point, 2)}`;
  return point < 0x10000 ? `\\u${hex(point, 4)}` : `\\U${hex(point, 8)}`;
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}

/** Whether Go counts a code point as printable: letters, marks, numbers, punctuation, symbols and the ASCII space. */
export function isPrint(point: number): boolean {
  if (point < 0x7f) return point >= 0x20;
  return PRINTABLE.test(String.fromCodePoint(point)) && !isNewerThanGo(point);
}

const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;

/** Whether a byte string can stand between backquotes without change (strconv.CanBackquote). */
export function canBackquote(text: string): boolean {
  for (let at = 0; at < text.length; ) {
    const { point, width } = runeAt(text, at);
    if (point === 0xfeff || (point === REPLACEMENT && width === 1)) return false;
    if ((point < 0x20 && point !== 9) || point === 0x60 || point === 0x7f) return false;
    at += width;
  }
  return true;
}

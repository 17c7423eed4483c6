import { encodeRune, runeAt } from "./byte-string.ts";

const SIMPLE: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, "\\": 0x5c };
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** One character of a literal: its value, whether it is a code point rather than a byte, and where the rest begins. */
type Character = { readonly value: number; readonly codePoint: boolean; readonly next: number };

/**
 * What a Go string literal stands for, as strconv.Unquote reads it.
 * @param literal with its quotes, `"` or a backquote. Byte string, as is the result.
 * @returns null when an escape or the quoting is wrong.
 */
export function unquoteString(literal: string): string | null {
  if (literal.length < 2) return null;
  const quote = literal.charAt(0);
  if (literal.at(-1) !== quote) return null;
  const inner = literal.slice(1, -1);
  if (quote === "`") return inner.includes("`") ? null : inner.replaceAll("\r", "");
  let text = "";
  for (let at = 0; at < inner.length; ) {
    const character = readCharacter(inner, at, '"');
    if (character === null || inner.charAt(at) === "\n") return null;
    text += character.codePoint ? encodeRune(character.value) : String.fromCharCode(character.value);
    at = character.next;
  }
  return text;
}

/** The code point (or byte) a Go character literal stands for; null when it is malformed. */
export function unquoteChar(literal: string): number | null {
  const character = readCharacter(literal, 1, "'");
  if (character === null || literal.slice(character.next) !== "'") return null;
  return character.value;
}

function readCharacter(text: string, at: number, quote: string): Character | null {
  const first = text.charAt(at);
  if (first === "" || first === quote) return null;
  if (first !== "\\") {
    const { point, width } = runeAt(text, at);
    return { value: point, codePoint: point >= 0x80, next: at + width };
  }
  const letter = text.charAt(at + 1);
  const start = at + 2;
  const simple = letter === quote ? quote.charCodeAt(0) : SIMPLE[letter];
  if (simple !== undefined) return { value: simple, codePoint: false, next: start };
  if (/[0-7]/.test(letter)) return readDigits(text, at + 1, 3, 8);
  const digits = HEX_DIGITS[letter];
  if (digits === undefined) return null;
  const read = readDigits(text, start, digits, 16);
  if (read === null || letter === "x") return read;
  const legal = read.value <= 0x10ffff && !(read.value >= 0xd800 && read.value < 0xe000);
  return legal ? { ...read, codePoint: true } : null;
}

function readDigits(text: string, at: number, count: number, base: 8 | 16): Character | null {
  const digits = text.slice(at, at + count);
  const legal = base === 8 ? /^[0-7]+$/ : /^[0-9a-fA-F]+$/;
  if (digits.length < count || !legal.test(digits)) return null;
  const value = Number.parseInt(digits, base);
  if (base === 8 && value > 255) return null;
  return { value, codePoint: false, next: at + count };
}

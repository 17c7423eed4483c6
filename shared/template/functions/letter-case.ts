// Letters as Go's package unicode knows them (Go 1.26: Unicode 15), one code point to one code point.

/** Below it a few comparisons do, many times faster than a pattern. */
const ASCII = 0x80;
/** Cased letters that Unicode got after version 15, which Go leaves alone. */
const NEWER =
  /^[\u1c89\u1c8a\ua7cb-\ua7cf\ua7d2\ua7d4\ua7da-\ua7dc\u{10d50}-\u{10d65}\u{10d70}-\u{10d85}\u{16ea0}-\u{16eb8}\u{16ebb}-\u{16ed3}]$/u;
const SPACE = /^[\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/u;
const UPPER = /^\p{Lu}$/u;
const LOWER = /^[\p{Ll}\u0295]$/u;
const TITLE = /^\p{Lt}$/u;
const LETTER = /^\p{L}$/u;
const DIGIT = /^\p{Nd}$/u;
const NUMBER = /^\p{N}$/u;
const PUNCTUATION = /^\p{P}$/u;
/** Letters of two that have a form with the first one alone in upper case, each family in the order upper, title, lower. */
const DOUBLE_LETTERS = [0x1c4, 0x1c7, 0x1ca, 0x1f1];

const textOf = (rune: number): string => String.fromCodePoint(rune);

/** Whether a code point is white space to Go's `unicode.IsSpace`. */
export function isSpace(rune: number): boolean {
  if (rune < ASCII) return rune === 0x20 || (rune >= 9 && rune <= 13);
  return SPACE.test(textOf(rune));
}

/** Whether a code point is an upper-case letter. */
export function isUpper(rune: number): boolean {
  if (rune < ASCII) return rune >= 0x41 && rune <= 0x5a;
  const text = textOf(rune);
  return UPPER.test(text) && !NEWER.test(text);
}

/** Whether a code point is a lower-case letter. */
export function isLower(rune: number): boolean {
  if (rune < ASCII) return rune >= 0x61 && rune <= 0x7a;
  const text = textOf(rune);
  return LOWER.test(text) && !NEWER.test(text);
}

/** Whether a code point is a letter in title case, such as `ǅ`. */
export function isTitle(rune: number): boolean {
  return TITLE.test(textOf(rune));
}

/** Whether a code point is a letter. */
export function isLetter(rune: number): boolean {
  const text = textOf(rune);
  return LETTER.test(text) && !NEWER.test(text);
}

/** Whether a code point is a decimal digit. */
export function isDigit(rune: number): boolean {
  return DIGIT.test(textOf(rune));
}

/** Whether a code point is a number of any kind: a digit, a letter number, a fraction. */
export function isNumber(rune: number): boolean {
  return NUMBER.test(textOf(rune));
}

/** Whether a code point is punctuation. */
export function isPunctuation(rune: number): boolean {
  return PUNCTUATION.test(textOf(rune));
}

/** The upper-case form of a code point: always one code point, so that `ß` stays. */
export function toUpper(rune: number): number {
  if (rune < ASCII) return isLower(rune) ? rune - 0x20 : rune;
  // Greek letters with an iota below: JavaScript spells it out, the simple mapping has a letter of its own.
  if (rune >= 0x1f80 && rune <= 0x1faf) return rune | 8;
  if (rune === 0x1fb3 || rune === 0x1fc3 || rune === 0x1ff3) return rune + 9;
  return simpleMapping(rune, textOf(rune).toUpperCase());
}

/** The lower-case form of a code point. */
export function toLower(rune: number): number {
  if (rune < ASCII) return isUpper(rune) ? rune + 0x20 : rune;
  return rune === 0x130 ? 0x69 : simpleMapping(rune, textOf(rune).toLowerCase());
}

/** The title-case form of a code point. */
export function toTitle(rune: number): number {
  const family = DOUBLE_LETTERS.find((first) => rune >= first && rune <= first + 2);
  if (family !== undefined) return family + 1;
  // Georgian has capitals for whole words only.
  return rune >= 0x10d0 && rune <= 0x10ff ? rune : toUpper(rune);
}

function simpleMapping(rune: number, mapped: string): number {
  if (mapped === textOf(rune)) return rune;
  const [first, ...more] = mapped;
  if (first === undefined || more.length > 0 || NEWER.test(first) || NEWER.test(textOf(rune))) return rune;
  return first.codePointAt(0) ?? rune;
}

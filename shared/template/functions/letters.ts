import { encodeRune, REPLACEMENT, runesOf } from "../byte-string.ts";
import { type CallContext, type FunctionTable, goFunction } from "../function-table.ts";
import { types } from "../value.ts";
import { readCharacters, writeBytes } from "./accounting.ts";
import {
  isDigit,
  isLetter,
  isLower,
  isSpace,
  isTitle,
  isUpper,
  toLower,
  toTitle,
  toUpper,
} from "./letter-case.ts";
import { tableOf } from "./table.ts";
import { joinWords, toPascalCase } from "./word-case.ts";

// Taking a name apart costs so much more than changing each of its letters.
const WORDS_WEIGHT = 2;

/** A function of one string that gives one of about its length. */
const changing = (change: (text: string) => string, weight = 1) =>
  goFunction([types.string], ([text], context) => {
    readCharacters(context, text.length, weight);
    writeBytes(context, text.length);
    return change(text);
  });

/** Sprig's functions on the case of letters, on words and on single characters. */
export const letterFunctions: FunctionTable = tableOf({
  upper: changing((text) => (isAscii(text) ? text.toUpperCase() : mapped(text, toUpper))),
  lower: changing((text) => (isAscii(text) ? text.toLowerCase() : mapped(text, toLower))),
  title: changing(titled),
  untitle: changing(untitled),
  swapcase: changing(swapped),
  camelcase: changing(toPascalCase),
  snakecase: changing((text) => joinWords(text, "_"), WORDS_WEIGHT),
  kebabcase: changing((text) => joinWords(text, "-"), WORDS_WEIGHT),
  initials: changing(initialsOf),
  nospace: changing(withoutSpace),
  shuffle: goFunction([types.string], ([text], context) => shuffled(text, context), "random"),
});

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what it asks for
  return /^[\x00-\x7f]*$/.test(text);
}

/** Changes each character, as Go's strings.Map: a byte that is not valid UTF-8 becomes U+FFFD. */
function mapped(text: string, change: (point: number) => number): string {
  const encoded = new Map<number, string>();
  let out = "";
  for (const { point, at, width } of runesOf(text)) {
    const next = change(point);
    if (next === point && point !== REPLACEMENT) out += text.slice(at, at + width);
    else out += encoded.get(next) ?? remember(encoded, next);
  }
  return out;
}

function remember(encoded: Map<number, string>, point: number): string {
  const bytes = encodeRune(point);
  encoded.set(point, bytes);
  return bytes;
}

/** Go's strings.Title: a letter after anything but letters, digits and `_` becomes one in title case. */
function titled(text: string): string {
  let previous = 0x20;
  return mapped(text, (point) => {
    const begins = isSeparator(previous);
    previous = point;
    return begins ? toTitle(point) : point;
  });
}

function isSeparator(point: number): boolean {
  if (point < 0x80) return !/\w/.test(String.fromCodePoint(point));
  return !isLetter(point) && !isDigit(point) && isSpace(point);
}

function untitled(text: string): string {
  let begins = true;
  return mapped(text, (point) => {
    const change = begins && !isSpace(point);
    begins = isSpace(point);
    return change ? toLower(point) : point;
  });
}

function swapped(text: string): string {
  let begins = true;
  return mapped(text, (point) => {
    if (isUpper(point) || isTitle(point)) {
      begins = false;
      return toLower(point);
    }
    if (!isLower(point)) {
      begins = isSpace(point);
      return point;
    }
    const change = begins ? toTitle : toUpper;
    begins = false;
    return change(point);
  });
}

/** The first byte of each word. Goutils takes each byte for a character, so that one beyond ASCII changes its meaning. */
function initialsOf(text: string): string {
  let begins = true;
  let out = "";
  for (const byte of text) {
    const point = byte.charCodeAt(0);
    if (isSpace(point)) begins = true;
    else if (begins) {
      out += encodeRune(point);
      begins = false;
    }
  }
  return out;
}

/** Deletes white space. As initialsOf it goes byte by byte, but only in a text that has any. */
function withoutSpace(text: string): string {
  const points = Array.from(text, (byte) => byte.charCodeAt(0));
  const kept = points.filter((point) => !isSpace(point));
  return kept.length === points.length ? text : kept.map(encodeRune).join("");
}

function shuffled(text: string, context: CallContext): string {
  const points = Array.from(runesOf(text), ({ point }) => point);
  writeBytes(context, text.length);
  for (let last = points.length - 1; last > 0; last--) {
    const other = randomBelow(last + 1, context);
    [points[last], points[other]] = [points[other] ?? 0, points[last] ?? 0];
  }
  return points.map(encodeRune).join("");
}

/** An even draw: what is beyond the largest multiple of the bound is drawn again. */
function randomBelow(bound: number, context: CallContext): number {
  const most = 2 ** 32 - (2 ** 32 % bound);
  for (;;) {
    const [a = 0, b = 0, c = 0, d = 0] = context.randomBytes(4);
    const drawn = a * 2 ** 24 + b * 2 ** 16 + c * 2 ** 8 + d;
    if (drawn < most) return drawn % bound;
  }
}

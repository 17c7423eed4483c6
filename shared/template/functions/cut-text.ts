import { REPLACEMENT, runeAt, runesOf } from "../byte-string.ts";
import { type CallContext, TemplateFunctionError } from "../function-table.ts";
import { writeBytes } from "./accounting.ts";
import { isSpace } from "./letter-case.ts";

const MARK = "...";

/**
 * Shortens a text to a width, with dots for what was cut off.
 * @param text a byte string; widths and offsets count bytes
 * @param offset a byte that shall stay in sight; below 5 the text is cut at its end only
 * @param width at least 4
 */
export function abbreviate(text: string, offset: number, width: number): string {
  if (text.length <= width) return text;
  const from = Math.min(offset, text.length, text.length - (width - MARK.length));
  if (from <= 4) return text.slice(0, width - MARK.length) + MARK;
  if (width < 7) return "";
  return from + width - MARK.length < text.length
    ? MARK + abbreviate(text.slice(from), 0, width - MARK.length)
    : MARK + text.slice(text.length - (width - MARK.length));
}

/**
 * A part of a text by byte offsets.
 * @param start below 0 for the begin
 * @param end below 0, or beyond the text, for its end
 * @throws TemplateFunctionError where Go's slice expression panics
 */
export function substring(start: number, end: number, text: string): string {
  const from = Math.max(start, 0);
  const to = start >= 0 && (end < 0 || end > text.length) ? text.length : end;
  if (to < from || to > text.length) throw new TemplateFunctionError("the offsets do not lie in the text");
  return text.slice(from, to);
}

/** Cuts off all characters of a set at both ends (Go: strings.Trim). */
export function trimSet(text: string, set: string): string {
  const points = new Set(Array.from(runesOf(set), ({ point }) => point));
  return trimWhere(text, (point) => points.has(point));
}

/** Cuts off white space at both ends. */
export function trimSpace(text: string): string {
  return trimWhere(text, isSpace);
}

function trimWhere(text: string, drops: (point: number) => boolean): string {
  let start = 0;
  while (start < text.length) {
    const { point, width } = runeAt(text, start);
    if (!drops(point)) break;
    start += width;
  }
  let end = text.length;
  while (end > start) {
    const { point, at } = runeBefore(text, end);
    if (!drops(point)) break;
    end = at;
  }
  return text.slice(start, end);
}

/** The character that ends at an offset; a byte alone where no valid one does. */
function runeBefore(text: string, end: number): { point: number; at: number } {
  let at = end - 1;
  while (at > 0 && at > end - 4 && isContinuation(text.charCodeAt(at))) at--;
  const { point, width } = runeAt(text, at);
  return at + width === end ? { point, at } : { point: REPLACEMENT, at: end - 1 };
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** How words are wrapped: the string that ends a line, and whether a word longer than a line is cut. */
export type Wrapping = { lineEnd: string; cutsWords: boolean };

/**
 * Breaks a text at spaces into lines of at most `width` bytes.
 * @param text a byte string
 */
export function wrap(text: string, width: number, wrapping: Wrapping, context: CallContext): string {
  const lineEnd = wrapping.lineEnd === "" ? "\n" : wrapping.lineEnd;
  const most = Math.max(width, 1);
  let out = "";
  const line = (from: number, to: number): void => {
    writeBytes(context, to - from + lineEnd.length);
    out += text.slice(from, to) + lineEnd;
  };
  let at = 0;
  while (text.length - at > most) {
    if (text[at] === " ") {
      at++;
      continue;
    }
    const space = text.slice(at, at + most + 1).lastIndexOf(" ");
    if (space >= 0) {
      line(at, at + space);
      at += space + 1;
    } else if (wrapping.cutsWords) {
      line(at, at + most);
      at += most;
    } else {
      const next = text.indexOf(" ", at + most);
      if (next < 0) break;
      line(at, next);
      at = next + 1;
    }
  }
  return out + text.slice(at);
}

/** The characters of a byte string, each as its bytes. What is not valid UTF-8 is a character for each byte. */
export function charactersOf(text: string): string[] {
  return Array.from(runesOf(text), ({ at, width }) => text.slice(at, at + width));
}

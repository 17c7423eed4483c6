/** What takes the place of a stretch of a text: offsets into it, in UTF-16 units. */
export type Splice = { start: number; end: number; text: string };

/**
 * Puts all splices into a text; the rest of it stays. Those that begin at one offset come in the order given.
 * @param splices ranges that do not overlap.
 */
export function splice(text: string, splices: readonly Splice[]): string {
  let out = "";
  let at = 0;
  for (const { start, end, text: replacement } of splices.toSorted((a, b) => a.start - b.start)) {
    out += text.slice(at, start) + replacement;
    at = end;
  }
  return out + text.slice(at);
}

/** The line break that a text uses: that of its first line. */
export function lineBreakOf(text: string): "\n" | "\r\n" {
  return /\r?\n/.exec(text)?.[0] === "\r\n" ? "\r\n" : "\n";
}

/** The offset of the first character of a line. */
export function lineStart(text: string, at: number): number {
  return text.lastIndexOf("\n", at - 1) + 1;
}

/** The offset of the line break that ends a line, or of the text's end. */
export function lineEnd(text: string, at: number): number {
  const next = text.indexOf("\n", at);
  if (next === -1) return text.length;
  return next > 0 && text[next - 1] === "\r" ? next - 1 : next;
}

/** The offset after the line break that ends a line, or the text's end. */
export function nextLine(text: string, at: number): number {
  const next = text.indexOf("\n", at);
  return next === -1 ? text.length : next + 1;
}

/** The white space that begins a line, up to an offset in it; null when something else stands there. */
export function indentBefore(text: string, at: number): string | null {
  const before = text.slice(lineStart(text, at), at);
  return /^[ \t]*$/.test(before) ? before : null;
}

import { encodeRune, runeAt } from "./byte-string.ts";
import { isPrint } from "./quote.ts";

const HTML: Readonly<Record<string, string>> = {
  "\0": encodeRune(0xfffd),
  '"': "&#34;",
  "'": "&#39;",
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
};
const SCRIPT: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  '"': '\\"',
  "<": "\\u003C",
  ">": "\\u003E",
  "&": "\\u0026",
  "=": "\\u003D",
};

/** Escapes for HTML as Go's template.HTMLEscapeString. Byte strings, as in all of these. */
export function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/g, (c) => HTML[c] ?? c);
}

/** Escapes for a JavaScript string as Go's template.JSEscapeString. */
export function escapeScript(text: string): string {
  let escaped = "";
  for (let at = 0; at < text.length; ) {
    const { point, width } = runeAt(text, at);
    const c = text.slice(at, at + width);
    if (point < 0x80) escaped += SCRIPT[c] ?? (point < 0x20 ? `\\u00${hex(point, 2)}` : c);
    else escaped += isPrint(point) ? c : `\\u${hex(point, 4)}`;
    at += width;
  }
  return escaped;
}

/** Escapes for the query of a URL as Go's url.QueryEscape. */
export function escapeQuery(text: string): string {
  return text.replace(/[^A-Za-z0-9_.~-]/g, (c) => (c === " " ? "+" : `%${hex(c.charCodeAt(0), 2)}`));
}

function hex(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width, "0");
}

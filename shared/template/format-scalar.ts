import { encodeRune, REPLACEMENT, runesOf } from "./byte-string.ts";
import { formatFloat } from "./float-text.ts";
import { type FormatFlags, pad, padding, padWithSpaces } from "./format-flags.ts";
import { canBackquote, isPrint, quoteRune, quoteString } from "./quote.ts";

const MAX_RUNE = 0x10ffffn;
const BASES = new Map([
  ["v", 10],
  ["d", 10],
  ["b", 2],
  ["o", 8],
  ["O", 8],
  ["x", 16],
  ["X", 16],
]);

/** An integer for a verb of Go's fmt; null when the verb is not for integers. `sharpV` does not matter here. */
export function formatInteger(value: bigint, verb: string, flags: FormatFlags): string | null {
  const base = BASES.get(verb);
  if (base !== undefined) return inBase(value, base, verb, flags);
  if (verb === "c") return pad(encodeRune(pointOf(value)), flags);
  if (verb === "q") return pad(quoteRune(pointOf(value), flags.plus), flags);
  return verb === "U" ? asCodePoint(BigInt.asUintN(64, value), flags) : null;
}

function pointOf(value: bigint): number {
  return value < 0n || value > MAX_RUNE ? REPLACEMENT : Number(value);
}

function inBase(value: bigint, base: number, verb: string, flags: FormatFlags): string {
  const { precision, width } = flags;
  if (precision === 0 && value === 0n) return " ".repeat(width ?? 0);
  const negative = value < 0n;
  const zeros = flags.zero && !flags.minus && width !== null && precision === null;
  const room = negative || flags.plus || flags.space ? 1 : 0;
  let text = (negative ? -value : value).toString(base);
  text = text.padStart(precision ?? (zeros ? width - room : 0), "0");
  if (flags.sharp) text = `${basePrefix(base, text)}${text}`;
  if (verb === "O") text = `0o${text}`;
  if (verb === "X") text = text.toUpperCase();
  const sign = negative ? "-" : flags.plus ? "+" : flags.space ? " " : "";
  return padWithSpaces(sign + text, flags);
}

function basePrefix(base: number, text: string): string {
  if (base === 2) return "0b";
  if (base === 16) return "0x";
  return base === 8 && !text.startsWith("0") ? "0" : "";
}

function asCodePoint(value: bigint, flags: FormatFlags): string {
  const digits = value
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(flags.precision ?? 4, 4), "0");
  const shown = flags.sharp && value <= MAX_RUNE && isPrint(Number(value));
  return padWithSpaces(`U+${digits}${shown ? ` '${encodeRune(Number(value))}'` : ""}`, flags);
}

/** A float64 for a verb of Go's fmt; null when the verb is not for floats. */
export function formatNumber(value: number, verb: string, flags: FormatFlags): string | null {
  if (!/^[vbgGxXfFeE]$/.test(verb)) return null;
  const format = verb === "v" ? "g" : verb === "F" ? "f" : verb;
  const precision = flags.precision ?? (/[fFeE]/.test(verb) ? 6 : -1);
  const text = formatFloat(value, format, precision);
  const negative = text.startsWith("-");
  const digits = text.replace(/^[+-]/, "");
  const sign = negative ? "-" : flags.plus ? "+" : flags.space ? " " : "";
  // An infinity always shows its sign.
  if (!Number.isFinite(value))
    return padWithSpaces(`${sign === "" && digits === "Inf" ? "+" : sign}${digits}`, flags);
  const full = flags.sharp && format !== "b" ? withPoint(digits, format, precision) : digits;
  if (sign !== "" && flags.zero && !flags.minus && (flags.width ?? 0) > full.length + 1)
    return sign + padding((flags.width ?? 0) - full.length - 1, flags) + full;
  return pad(sign + full, flags);
}

/** `#` keeps the decimal point and the zeros that the format would drop. */
function withPoint(text: string, format: string, precision: number): string {
  const tailAt = text.search(format === "x" || format === "X" ? /[pP]/ : /[eE]/);
  const head = tailAt === -1 ? text : text.slice(0, tailAt);
  const tail = tailAt === -1 ? "" : text.slice(tailAt);
  let missing = /^[gGx]$/.test(format) ? (precision === -1 ? 6 : precision) : 0;
  missing -= head.replace(".", "").replace(/^0+/, "").length;
  if (head.includes(".")) return head + "0".repeat(Math.max(missing, 0)) + tail;
  if (head === "0") missing--;
  return `${head}.${"0".repeat(Math.max(missing, 0))}${tail}`;
}

/** A byte string for a verb of Go's fmt; null when the verb is not for strings. */
export function formatString(text: string, verb: string, flags: FormatFlags): string | null {
  switch (verb) {
    case "v":
      return flags.sharpV ? asQuoted(text, flags) : pad(truncated(text, flags), flags);
    case "s":
      return pad(truncated(text, flags), flags);
    case "x":
    case "X":
      return asHex(text, verb, flags);
    case "q":
      return asQuoted(text, flags);
    default:
      return null;
  }
}

function truncated(text: string, { precision }: FormatFlags): string {
  if (precision === null) return text;
  let left = precision;
  for (const { at } of runesOf(text)) if (--left < 0) return text.slice(0, at);
  return text;
}

function asQuoted(text: string, flags: FormatFlags): string {
  const kept = truncated(text, flags);
  if (flags.sharp && canBackquote(kept)) return pad(`\`${kept}\``, flags);
  return pad(quoteString(kept, flags.plus), flags);
}

function asHex(text: string, verb: string, flags: FormatFlags): string {
  const length = Math.min(flags.precision ?? text.length, text.length);
  if (length === 0) return padding(flags.width ?? 0, flags);
  const prefix = flags.sharp ? "0x" : "";
  const pairs: string[] = [];
  for (let at = 0; at < length; at++) pairs.push(text.charCodeAt(at).toString(16).padStart(2, "0"));
  const hex = prefix + pairs.join(flags.space ? ` ${prefix}` : "");
  return pad(verb === "X" ? hex.toUpperCase() : hex, flags);
}

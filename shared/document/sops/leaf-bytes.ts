import { fromUtf8, utf8 } from "../../bytes.ts";
import { goTime } from "./go-time.ts";
import type { SopsScalar } from "./tree.ts";

/** The types of encrypted values that are read and written. */
const LEAF_TYPES = ["str", "int", "float", "bool", "time", "comment"] as const;

/** What an encrypted value says it holds. */
export type LeafType = (typeof LEAF_TYPES)[number];

/** A scalar that can be encrypted. */
export type SopsValue = Exclude<SopsScalar, { kind: "null" }>;

const LEAST_INT = -(2n ** 63n);
const GREATEST_INT = 2n ** 63n - 1n;
const LONGEST_INT = 20;
const DECIMAL = /^-?\d+(?:\.\d+)?$/;
/** The greatest double has 309 digits, the least one 1074 behind the point. */
const LONGEST_FLOAT = 1100;

/** Whether a text names a type that is read and written. `bytes`, which ended with SOPS 1, is none of them. */
export function isLeafType(text: string): text is LeafType {
  return (LEAF_TYPES as readonly string[]).includes(text);
}

/**
 * The bytes of a value that are encrypted, and of which the MAC is made: strings as they are, ints in decimal, floats in
 * their shortest digits without an exponent, `True` and `False`, times in RFC 3339.
 * @returns null for an int beyond 64 bits, which SOPS has no form for.
 */
export function leafBytes(value: SopsValue): Uint8Array | null {
  if (value.kind === "str") return value.bytes;
  const text = textOf(value);
  return text === null ? null : utf8(text);
}

function textOf(value: Exclude<SopsValue, { kind: "str" }>): string | null {
  switch (value.kind) {
    case "int":
      return value.value >= LEAST_INT && value.value <= GREATEST_INT ? value.value.toString() : null;
    case "float":
      return floatText(value.value);
    case "bool":
      return value.value ? "True" : "False";
    case "time":
      return value.text;
  }
}

/** Go's `strconv.FormatFloat(value, 'f', -1, 64)`. */
function floatText(value: number): string {
  if (value === Infinity) return "+Inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  const groups = /^(?<sign>-?)(?<first>\d)(?:\.(?<others>\d+))?e(?<exponent>[+-]\d+)$/.exec(text)?.groups;
  if (groups === undefined) return text === "-Infinity" ? "-Inf" : text;
  const digits = `${groups["first"]}${groups["others"] ?? ""}`;
  const point = 1 + Number(groups["exponent"]);
  const sign = groups["sign"] ?? "";
  // With a positive exponent there are at least 22 places before the point, and never as many digits.
  return point > 0 ? sign + digits.padEnd(point, "0") : `${sign}0.${"0".repeat(-point)}${digits}`;
}

/**
 * The value that decrypted bytes stand for. Only the one text that SOPS writes for a value is taken for it: so what
 * the MAC covers is what was read.
 * @returns null when the bytes are no such value.
 */
export function leafOf(type: Exclude<LeafType, "comment">, bytes: Uint8Array): SopsValue | null {
  if (type === "str") return { kind: "str", bytes };
  const text = fromUtf8(bytes);
  if (text === null) return null;
  const value = parsed(type, text);
  return value !== null && textOf(value) === text ? value : null;
}

function parsed(type: "int" | "float" | "bool" | "time", text: string) {
  switch (type) {
    case "int":
      if (text.length > LONGEST_INT || !/^-?\d+$/.test(text)) return null;
      return { kind: type, value: BigInt(text) };
    case "float":
      return floatOf(text);
    case "bool":
      return { kind: type, value: text === "True" };
    case "time":
      return goTime(text) === text ? { kind: type, text } : null;
  }
}

const NOT_DECIMAL: ReadonlyMap<string, number> = new Map([
  ["NaN", Number.NaN],
  ["+Inf", Infinity],
  ["-Inf", -Infinity],
]);

function floatOf(text: string): (SopsValue & { kind: "float" }) | null {
  const named = NOT_DECIMAL.get(text);
  if (named !== undefined) return { kind: "float", value: named };
  if (text.length > LONGEST_FLOAT || !DECIMAL.test(text)) return null;
  return { kind: "float", value: Number(text) };
}

/** The text of a comment that decrypted bytes stand for; null when they are no line of text. */
export function commentOf(bytes: Uint8Array): string | null {
  const text = fromUtf8(bytes);
  return text === null || /[\n\r\u0085\u2028\u2029]/.test(text) ? null : text;
}

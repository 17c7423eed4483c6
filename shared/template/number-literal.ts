import type { NumberNode } from "./nodes.ts";
import { unquoteChar } from "./unquote.ts";

const INTEGER =
  /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|0(?:_?[0-7])*|[1-9](?:_?[0-9])*)$/;
const DECIMAL =
  /^[+-]?(?:[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)(?:[eE][+-]?[0-9](?:_?[0-9])*)?$/;
const HEXADECIMAL =
  /^(?<sign>[+-]?)0[xX](?=[0-9a-fA-F_.]*[0-9a-fA-F])(?<whole>(?:_?[0-9a-fA-F])*)(?:\.(?<fraction>(?:[0-9a-fA-F](?:_?[0-9a-fA-F])*)?))?[pP](?<power>[+-]?[0-9](?:_?[0-9])*)$/;

const UINT64 = 1n << 64n;
const INT64 = 1n << 63n;

/**
 * Reads a number or a character constant as Go's parser of templates does.
 * @returns null when it is malformed or beyond what any type holds.
 */
export function readNumber(text: string, at: number): NumberNode | null {
  if (text.startsWith("'")) {
    const point = unquoteChar(text);
    if (point === null) return null;
    const value = BigInt(point);
    return { kind: "number", at, integer: value, unsigned: value, float: point, looksFloat: false };
  }
  const hexInteger = /^0[xX][^pP]*$/.test(text);
  const looksFloat = !hexInteger && /[.eEpP]/.test(text);
  const whole = readInteger(text);
  const integer = whole !== null && whole < INT64 && whole >= -INT64 ? whole : null;
  const unsigned = whole !== null && whole < UINT64 && (integer === 0n || /^[0-9]/.test(text)) ? whole : null;
  const exact = integer ?? unsigned;
  if (exact !== null) return { kind: "number", at, integer, unsigned, float: Number(exact), looksFloat };
  const float = readFloat(text);
  if (float === null || !/[.eEpP]/.test(text)) return null;
  const rounded = Number.isInteger(float) ? BigInt(float) : null;
  return {
    kind: "number",
    at,
    integer: rounded !== null && rounded < INT64 && rounded >= -INT64 ? rounded : null,
    unsigned: rounded !== null && rounded < UINT64 && rounded >= 0n ? rounded : null,
    float,
    looksFloat,
  };
}

function readInteger(text: string): bigint | null {
  if (!INTEGER.test(text)) return null;
  const digits = text.replace(/^[+-]/, "").replaceAll("_", "");
  // 017 is octal in Go, and an error for BigInt's own ears.
  const value = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits}` : digits);
  return text.startsWith("-") ? -value : value;
}

function readFloat(text: string): number | null {
  if (DECIMAL.test(text)) return finite(Number(text.replaceAll("_", "")));
  const parts = HEXADECIMAL.exec(text)?.groups;
  if (parts === undefined) return null;
  const whole = (parts["whole"] ?? "").replaceAll("_", "");
  const fraction = (parts["fraction"] ?? "").replaceAll("_", "");
  const power = Number((parts["power"] ?? "").replaceAll("_", "")) - 4 * fraction.length;
  const mantissa = Number(BigInt(`0x${whole}${fraction}`));
  // In two halves: the power alone may lie beyond a float where the product does not.
  const half = Math.trunc(power / 2);
  const value = mantissa === 0 ? 0 : mantissa * 2 ** half * 2 ** (power - half);
  return finite(parts["sign"] === "-" ? -value : value);
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

import { type GoInteger, integer, types, type Value } from "../value.ts";
import { parseFloat64, parseInteger } from "./parse-number.ts";

const LEAST = -(2n ** 63n);
/** Types that count as integers here. A duration, say, does not, although Go's kind of it is int64. */
const INTEGERS: ReadonlySet<string> = new Set([
  "int",
  "int32",
  "int64",
  "uint8",
  "uint64",
  "time.Month",
  "time.Weekday",
]);

/**
 * A value as an int64 by the rules of spf13/cast 1.7: numbers are cut off, strings are read with Go's prefixes, true
 * is 1. What is no number is 0.
 */
export function toInt64(value: Value): bigint {
  if (typeof value === "number") return truncated(value);
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value === "string") {
    const { value: read, fails } = parseInteger(withoutZeroDecimals(value), 0);
    return fails ? 0n : read;
  }
  return isPlainInteger(value) ? BigInt.asIntN(64, value.value) : 0n;
}

/** As toInt64, as a value of Go's type int. */
export function toInt(value: Value): GoInteger {
  return integer(toInt64(value), types.int);
}

/** A value as a float64 by the rules of spf13/cast 1.7. What is no number is 0. */
export function toFloat64(value: Value): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string") return parseFloat64(value) ?? 0;
  return isPlainInteger(value) ? Number(value.value) : 0;
}

function isPlainInteger(value: Value): value is GoInteger {
  return typeof value === "object" && value.tag === "integer" && INTEGERS.has(value.type.name);
}

/** What Go's conversion to int64 gives on amd64: the least number for all that does not fit. */
function truncated(value: number): bigint {
  const fits = value >= -(2 ** 63) && value < 2 ** 63;
  return fits ? BigInt(Math.trunc(value)) : LEAST;
}

/** Cuts `.0`, `.00` … off the end, so that `10.0` reads as a whole number. */
function withoutZeroDecimals(text: string): string {
  let sawZero = false;
  for (let at = text.length - 1; at >= 0; at--) {
    if (text[at] === "0") sawZero = true;
    else if (text[at] !== ".") return text;
    else if (sawZero) return text.slice(0, at);
  }
  return text;
}

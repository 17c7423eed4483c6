const MAX = 2n ** 63n - 1n;
const MIN = -(2n ** 63n);

/** What a text is as an integer. `value` is what Go returns beside the error: 0, or the nearest end of the range. */
export type IntegerRead = { value: bigint; fails: boolean };

const DIGITS = {
  2: /^[01]+$/,
  8: /^[0-7]+$/,
  10: /^[0-9]+$/,
  16: /^[0-9a-f]+$/i,
};
const PREFIXES = { 2: "0b", 8: "0o", 10: "", 16: "0x" };
type Base = keyof typeof DIGITS;

/**
 * Reads a whole number of 64 bits as Go's strconv.ParseInt does.
 * @param base 8 or 10; with 0 the text says it by a prefix (`0x`, `0o`, `0b`, `0`) and may part digits by `_`
 */
export function parseInteger(text: string, base: 0 | 8 | 10): IntegerRead {
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  const written = text.slice(sign.length);
  const read = base === 0 ? digitsByPrefix(written) : { base, digits: written };
  if (read === null || !DIGITS[read.base].test(read.digits)) return { value: 0n, fails: true };
  const size = magnitude(read.digits, read.base);
  const value = sign === "-" ? -size : size;
  if (value > MAX) return { value: MAX, fails: true };
  if (value < MIN) return { value: MIN, fails: true };
  return { value, fails: false };
}

function digitsByPrefix(written: string): { base: Base; digits: string } | null {
  const { prefix = "", rest = "" } = /^(?<prefix>0[xob]?(?=.))?(?<rest>.*)$/is.exec(written)?.groups ?? {};
  const base: Base = { "0x": 16, "0o": 8, "0b": 2, "0": 8, "": 10 }[prefix.toLowerCase()] as Base;
  // After a prefix, an underscore may stand at once; else it parts two digits.
  const apart = prefix === "" ? rest : rest.replace(/^_/, "");
  if (/^_|__|_$/.test(apart)) return null;
  return { base, digits: apart.replaceAll("_", "") };
}

/** Beyond the longest that fits 64 bits, the value no longer matters: BigInt would read it in more than linear time. */
function magnitude(digits: string, base: Base): bigint {
  const significant = digits.replace(/^0+(?=.)/, "");
  if (significant.length > 64) return MAX + 2n;
  if (base === 10) return BigInt(significant);
  return BigInt(`${PREFIXES[base]}${significant}`);
}

const DECIMAL =
  /^[+-]?(?:[0-9](?:_?[0-9])*(?:\.(?:[0-9](?:_?[0-9])*)?)?|\.[0-9](?:_?[0-9])*)(?:e[+-]?[0-9](?:_?[0-9])*)?$/i;
const HEXADECIMAL =
  /^(?<sign>[+-]?)0x(?:(?<whole>_?[0-9a-f](?:_?[0-9a-f])*)(?:\.(?<part>(?:[0-9a-f](?:_?[0-9a-f])*)?))?|\.(?<alone>[0-9a-f](?:_?[0-9a-f])*))p(?<power>[+-]?[0-9](?:_?[0-9])*)$/i;

/**
 * Reads a float64 as Go's strconv.ParseFloat does: decimal, hexadecimal with a power of two, `inf`, `infinity`, `nan`.
 * @returns null where Go gives an error: another form, or beyond the range
 */
export function parseFloat64(text: string): number | null {
  if (/^nan$/i.test(text)) return Number.NaN;
  if (/^[+-]?inf(?:inity)?$/i.test(text)) {
    return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }
  const value = DECIMAL.test(text) ? Number(text.replaceAll("_", "")) : hexadecimal(text);
  return value !== null && Number.isFinite(value) ? value : null;
}

function hexadecimal(text: string): number | null {
  const found = HEXADECIMAL.exec(text.length > MOST_HEXADECIMAL ? "" : text)?.groups;
  if (found === undefined) return null;
  const plain = (group: string | undefined): string => (group ?? "").replaceAll("_", "");
  const part = plain(found.part) + plain(found.alone);
  const mantissa = Number(BigInt(`0x0${plain(found.whole)}${part}`));
  const power = Number(plain(found.power)) - 4 * part.length;
  const half = Math.trunc(power / 2);
  // In two steps, since the power alone may lie beyond what a float64 holds.
  return (found.sign === "-" ? -1 : 1) * mantissa * 2 ** half * 2 ** (power - half);
}

const MOST_HEXADECIMAL = 1000;

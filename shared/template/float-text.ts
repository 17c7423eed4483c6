/** Decimal digits of a number: 0.d1d2d3… times ten to the power `point`. No trailing zeros; none at all for zero. */
type Digits = { readonly digits: string; readonly point: number };

/** A float's parts: value = mantissa · 2^exponent. */
type Binary = { readonly mantissa: bigint; readonly exponent: number };

/**
 * A float64 as Go's strconv.FormatFloat writes it.
 * @param format one of `e E f F g G b x X`.
 * @param precision digits as Go counts them for the format; -1 for the fewest that read back as the same number.
 */
export function formatFloat(value: number, format: string, precision: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const magnitude = Math.abs(value);
  if (format === "b") return sign + asBinary(magnitude);
  if (format === "x" || format === "X") return sign + asHex(magnitude, format, precision);
  return sign + asDecimal(magnitude, format, precision);
}

function asDecimal(magnitude: number, format: string, precision: number): string {
  const lower = format.toLowerCase();
  const shortest = precision < 0;
  const wanted = lower === "g" && precision === 0 ? 1 : precision;
  const digits = shortest ? shortestDigits(magnitude) : roundedDigits(magnitude, lower, wanted);
  const count = digits.digits.length;
  if (lower === "e") return scientific(digits, shortest ? Math.max(count - 1, 0) : wanted, format);
  if (lower === "f") return plain(digits, shortest ? Math.max(count - digits.point, 0) : wanted);
  const exponent = digits.point - 1;
  const threshold = shortest ? 6 : wanted > count && count >= digits.point ? count : wanted;
  if (exponent < -4 || exponent >= threshold) {
    const kept = shortest ? count : Math.min(wanted, count);
    return scientific(digits, kept - 1, format === "g" ? "e" : "E");
  }
  return plain(digits, Math.max(count - digits.point, 0));
}

/** JavaScript writes the same shortest digits as Go; only their layout differs. */
function shortestDigits(magnitude: number): Digits {
  const [mantissa = "", exponent = "0"] = magnitude.toExponential().split("e");
  return trimmed(mantissa.replace(".", ""), Number(exponent) + 1);
}

/** Exact digits, cut to the precision and rounded to even at a tie: JavaScript's own methods round ties up. */
function roundedDigits(magnitude: number, format: string, precision: number): Digits {
  const { mantissa, exponent } = binaryOf(magnitude);
  const whole = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const text = mantissa === 0n ? "" : whole.toString();
  const point = text.length - (exponent >= 0 ? 0 : -exponent);
  const keep = format === "f" ? point + precision : format === "e" ? precision + 1 : precision;
  if (keep >= text.length) return trimmed(text, point);
  if (keep < 0) return trimmed("", 0);
  const kept = text.slice(0, keep);
  if (!roundsUp(text, keep)) return trimmed(kept, point);
  const up = (BigInt(kept === "" ? "0" : kept) + 1n).toString();
  return trimmed(up.padStart(keep, "0"), point + Math.max(up.length - keep, 0));
}

function roundsUp(text: string, keep: number): boolean {
  const next = text.charCodeAt(keep) - 48;
  const tie = next === 5 && /^0*$/.test(text.slice(keep + 1));
  if (tie) return keep > 0 && (text.charCodeAt(keep - 1) - 48) % 2 === 1;
  return next >= 5;
}

function trimmed(text: string, point: number): Digits {
  const digits = text.replace(/0+$/, "");
  return { digits, point: digits === "" ? 0 : point };
}

function scientific({ digits, point }: Digits, precision: number, letter: string): string {
  const exponent = digits === "" ? 0 : point - 1;
  const first = digits.slice(0, 1) || "0";
  const rest = precision > 0 ? `.${digits.slice(1, precision + 1).padEnd(precision, "0")}` : "";
  return `${first}${rest}${letter}${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

function plain({ digits, point }: Digits, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  if (precision <= 0) return whole;
  const fraction =
    point < 0 ? "0".repeat(Math.min(-point, precision)) + digits : digits.slice(Math.max(point, 0));
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, "0")}`;
}

function asBinary(magnitude: number): string {
  const { mantissa, exponent } = binaryOf(magnitude);
  return `${mantissa}p${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`;
}

function asHex(magnitude: number, format: string, precision: number): string {
  let { mantissa, exponent } = binaryOf(magnitude);
  // The leading one stands at bit 60: fifteen hexadecimal digits follow it.
  mantissa <<= 8n;
  exponent = mantissa === 0n ? 0 : exponent + 52;
  while (mantissa !== 0n && mantissa < 1n << 60n) {
    mantissa <<= 1n;
    exponent--;
  }
  if (precision >= 0 && precision < 15) {
    const dropped = BigInt(60 - precision * 4);
    const rest = mantissa & ((1n << dropped) - 1n);
    let kept = mantissa >> dropped;
    const half = 1n << (dropped - 1n);
    if (rest > half || (rest === half && (kept & 1n) === 1n)) kept++;
    mantissa = kept << dropped;
    if (mantissa >= 1n << 61n) {
      mantissa >>= 1n;
      exponent++;
    }
  }
  const first = mantissa >> 60n;
  const all = (mantissa & ((1n << 60n) - 1n)).toString(16).padStart(15, "0");
  const digits = precision < 0 ? all.replace(/0+$/, "") : all.slice(0, precision).padEnd(precision, "0");
  const power = `${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  const text = `0x${first}${digits === "" ? "" : `.${digits}`}p${power}`;
  return format === "X" ? text.toUpperCase() : text;
}

function binaryOf(magnitude: number): Binary {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, magnitude);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  if (biased === 0) return { mantissa: fraction, exponent: -1074 };
  return { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

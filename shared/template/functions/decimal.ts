/** A decimal number: digits times ten to the power. Go: shopspring/decimal. */
export type Decimal = { readonly digits: bigint; readonly power: number };

// Places after the point that a quotient is worked out to.
const QUOTIENT_PLACES = 16;

/** The shortest decimal that reads back as the number; null for what is no number or endless. */
export function decimalOf(value: number): Decimal | null {
  if (!Number.isFinite(value)) return null;
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), power: Number(exponent) - fraction.length };
}

/** The float64 nearest to a decimal. */
export function nearestNumber({ digits, power }: Decimal): number {
  return Number(`${digits}e${power}`);
}

/** a + b, exactly. */
export function add(a: Decimal, b: Decimal): Decimal {
  const power = Math.min(a.power, b.power);
  return { digits: scaled(a, power) + scaled(b, power), power };
}

/** a − b, exactly. */
export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, { digits: -b.digits, power: b.power });
}

/** a · b, exactly. */
export function multiply(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, power: a.power + b.power };
}

/** a ÷ b to 16 places after the point, half away from zero; null when b is zero. */
export function divide(a: Decimal, b: Decimal): Decimal | null {
  if (b.digits === 0n) return null;
  const shift = a.power - b.power + QUOTIENT_PLACES;
  const dividend = shift > 0 ? a.digits * 10n ** BigInt(shift) : a.digits;
  const divisor = shift < 0 ? b.digits * 10n ** BigInt(-shift) : b.digits;
  const quotient = dividend / divisor;
  const rest = magnitude(dividend % divisor) * 2n;
  const away = dividend < 0n === divisor < 0n ? 1n : -1n;
  return {
    digits: rest >= magnitude(divisor) ? quotient + away : quotient,
    power: -QUOTIENT_PLACES,
  };
}

function scaled({ digits, power }: Decimal, wanted: number): bigint {
  return digits * 10n ** BigInt(power - wanted);
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** Nanoseconds in each unit of Go's durations. The micro sign has two code points, here as UTF-8 byte strings. */
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1_000n],
  ["\xc2\xb5s", 1_000n],
  ["\xce\xbcs", 1_000n],
  ["ms", 1_000_000n],
  ["s", 1_000_000_000n],
  ["m", 60_000_000_000n],
  ["h", 3_600_000_000_000n],
]);
export const SECOND = 1_000_000_000n;
export const MINUTE = 60n * SECOND;
export const HOUR = 60n * MINUTE;
const MOST = 2n ** 63n - 1n;
const LEAST = -(2n ** 63n);
const PART = /(?<whole>[0-9]*)(?:\.(?<fraction>[0-9]*))?(?<unit>[^0-9.]+)/gy;

/**
 * Reads a duration such as `-1h30m` or `1.5s` (Go: time.ParseDuration).
 * @returns nanoseconds, or null where Go gives an error
 */
export function parseDuration(text: string): bigint | null {
  const negative = text.startsWith("-");
  const size = text.replace(/^[+-]/, "");
  if (size === "0") return 0n;
  if (size === "") return null;
  let total = 0n;
  let end = 0;
  for (const match of size.matchAll(PART)) {
    const part = partOf(match.groups ?? {});
    if (part === null) return null;
    total += part;
    if (total > -LEAST) return null;
    end = match.index + match[0].length;
  }
  if (end !== size.length) return null;
  if (negative) return -total;
  return total > MOST ? null : total;
}

function partOf(groups: Record<string, string | undefined>): bigint | null {
  const { whole = "", fraction = "" } = groups;
  const unit = UNITS.get(groups["unit"] ?? "");
  if (unit === undefined || whole + fraction === "") return null;
  const significant = whole.replace(/^0+(?=.)/, "");
  if (significant.length > 20) return null;
  const units = BigInt(significant === "" ? "0" : significant);
  if (units > -LEAST / unit) return null;
  const digits = countedDigits(fraction);
  const rest = digits === "" ? 0 : Number(digits) * (Number(unit) / 10 ** digits.length);
  return units * unit + BigInt(Math.trunc(rest));
}

/** Of a fraction, Go counts the digits that fit 63 bits. */
function countedDigits(fraction: string): string {
  const digits = fraction.slice(0, 19);
  return digits.length < 19 || BigInt(digits) <= -LEAST ? digits : digits.slice(0, 18);
}

/** A duration as Go prints it: `1h30m0s`, `1.5s`, `0s`. */
export function durationText(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return "0s";
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const sign = nanoseconds < 0n ? "-" : "";
  if (size < 1_000n) return `${sign}${size}ns`;
  // The micro sign U+00B5 in UTF-8.
  if (size < 1_000_000n) return `${sign}${decimal(size, 3)}\xc2\xb5s`;
  if (size < SECOND) return `${sign}${decimal(size, 6)}ms`;
  const minutes = size / MINUTE;
  const seconds = `${decimal(size % MINUTE, 9)}s`;
  if (minutes === 0n) return sign + seconds;
  return sign + (minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`);
}

function decimal(value: bigint, places: number): string {
  const digits = String(value).padStart(places + 1, "0");
  const fraction = digits.slice(-places).replace(/0+$/, "");
  return digits.slice(0, -places) + (fraction === "" ? "" : `.${fraction}`);
}

/** To the nearest multiple, half away from zero (Go: Duration.Round). A step of zero or less changes nothing. */
export function roundDuration(nanoseconds: bigint, step: bigint): bigint {
  if (step <= 0n) return nanoseconds;
  const rest = nanoseconds % step;
  const size = rest < 0n ? -rest : rest;
  const truncated = nanoseconds - rest;
  return bounded(size + size < step ? truncated : truncated + (nanoseconds < 0n ? -step : step));
}

/** Within 64 bits; what lies beyond is the nearest end. */
export function bounded(nanoseconds: bigint): bigint {
  return nanoseconds > MOST ? MOST : nanoseconds < LEAST ? LEAST : nanoseconds;
}

/** A version by semver 2, read leniently as Masterminds/semver v3 does: `v1`, `1.2` and `01.2.3` are versions, too. */
export type Version = {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly prerelease: string;
  readonly metadata: string;
  readonly original: string;
};

const NUMBERS = String.raw`v?(?<major>[0-9]+)(?:\.(?<minor>[0-9]+))?(?:\.(?<patch>[0-9]+))?`;
const IDENTIFIERS = String.raw`[0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*`;
const VERSION = new RegExp(
  String.raw`^${NUMBERS}(?:-(?<prerelease>${IDENTIFIERS}))?(?:\+(?<metadata>${IDENTIFIERS}))?$`,
);
const LARGEST = 2n ** 64n - 1n;

/** @returns null for what is no version: also one with a number beyond 64 bits, or `-01` as prerelease. */
export function readVersion(text: string): Version | null {
  const { major, minor, patch, prerelease, metadata } = VERSION.exec(text)?.groups ?? {};
  if (major === undefined) return null;
  const numbers = [major, minor, patch].map((digits = "0") => readNumber(digits));
  if (numbers.some((number) => number > LARGEST)) return null;
  if (prerelease?.split(".").some((part) => /^0[0-9]+$/.test(part))) return null;
  const [first = 0n, second = 0n, third = 0n] = numbers;
  return {
    major: first,
    minor: second,
    patch: third,
    prerelease: prerelease ?? "",
    metadata: metadata ?? "",
    original: text,
  };
}

/** BigInt reads long digits in more than linear time; beyond 64 bits the value no longer matters. */
function readNumber(digits: string): bigint {
  const significant = digits.replace(/^0+(?=.)/, "");
  return significant.length > 20 ? LARGEST + 1n : BigInt(significant);
}

/** The version as semver writes it, without what was lenient about the original. */
export function versionText({ major, minor, patch, prerelease, metadata }: Version): string {
  const before = prerelease === "" ? "" : `-${prerelease}`;
  return `${major}.${minor}.${patch}${before}${metadata === "" ? "" : `+${metadata}`}`;
}

/** Which comes first: negative, zero or positive. Metadata does not count. */
export function compareVersions(a: Version, b: Version): number {
  return (
    compare(a.major, b.major) ||
    compare(a.minor, b.minor) ||
    compare(a.patch, b.patch) ||
    comparePrereleases(a.prerelease, b.prerelease)
  );
}

/** Order of prereleases; none at all is the greatest. */
export function comparePrereleases(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "") return 1;
  if (b === "") return -1;
  const left = a.split(".");
  const right = b.split(".");
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const order = compareIdentifiers(left[at] ?? "", right[at] ?? "");
    if (order !== 0) return order;
  }
  return 0;
}

function compareIdentifiers(a: string, b: string): number {
  if (a === b) return 0;
  if (a === "") return -1;
  if (b === "") return 1;
  const [left, right] = [numeric(a), numeric(b)];
  if (left !== null && right !== null) return compare(left, right);
  if (left !== null) return -1;
  if (right !== null) return 1;
  return compare(a, b);
}

function numeric(identifier: string): bigint | null {
  if (!/^[0-9]+$/.test(identifier)) return null;
  const number = readNumber(identifier);
  return number > LARGEST ? null : number;
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

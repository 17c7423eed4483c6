import { comparePrereleases, compareVersions, readVersion, type Version } from "./semver-version.ts";

/** One comparison, such as `>= 1.2`. `loose` says how much of the version was left open. */
type Term = { readonly operator: string; readonly version: Version; readonly loose: Looseness };
/** `minor` as in `1` and `1.x`; `patch` as in `1.2`; `all` as in `*`, whose version is 0.0.0. */
type Looseness = "exact" | "patch" | "minor" | "all";

/** Alternatives, each a list of terms that must all hold. */
export type Constraint = readonly (readonly Term[])[];

const SPACE = "[\\t\\n\\f\\r ]";
const NUMBER = "[0-9|xX*]+";
const IDENTIFIERS = "[0-9A-Za-z\\-]+(?:\\.[0-9A-Za-z\\-]+)*";
const VERSION = `v?${NUMBER}(?:\\.${NUMBER})?(?:\\.${NUMBER})?(?:-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?`;
const RANGE = new RegExp(`${SPACE}*(?<from>${VERSION})${SPACE}+-${SPACE}+(?<to>${VERSION})${SPACE}*`, "g");
const TERM = new RegExp(
  `(?<operator>!=|>=|=>|<=|=<|~>|[=><~^]|)${SPACE}*(?<whole>v?(?<major>${NUMBER})(?:\\.(?<minor>${NUMBER}))?` +
    `(?:\\.(?<patch>${NUMBER}))?(?<prerelease>-${IDENTIFIERS})?(?:\\+${IDENTIFIERS})?)${SPACE}*`,
  "y",
);
const SEPARATOR = new RegExp(`,${SPACE}*`, "y");
const LEADING = new RegExp(`^${SPACE}+`);

/** Longer ones could keep the search for ranges busy; nobody writes them. */
export const LONGEST_CONSTRAINT = 256;

/**
 * Reads a constraint as Masterminds/semver v3 does: terms joined by spaces or commas, alternatives by `||`, ranges by
 * ` - `.
 * @returns null for what is no constraint
 */
export function readConstraint(text: string): Constraint | null {
  const alternatives = withoutRanges(text).split("||").map(readTerms);
  return alternatives.every((terms) => terms !== null) ? alternatives : null;
}

function withoutRanges(text: string): string {
  let rewritten = text;
  for (const { 0: range, groups } of text.matchAll(RANGE))
    rewritten = rewritten.replace(range, () => `>= ${groups?.["from"]}, <= ${groups?.["to"]} `);
  return rewritten;
}

function readTerms(text: string): Term[] | null {
  const terms: Term[] = [];
  for (let at = LEADING.exec(text)?.[0].length ?? 0; ; ) {
    TERM.lastIndex = at;
    const match = TERM.exec(text);
    const term = match === null ? null : readTerm(match.groups ?? {});
    if (term === null) return null;
    terms.push(term);
    at = TERM.lastIndex;
    if (at === text.length) return terms;
    SEPARATOR.lastIndex = at;
    if (SEPARATOR.test(text)) at = SEPARATOR.lastIndex;
    else if (!/[\t\n\f\r ]/.test(text.charAt(at - 1))) return null;
  }
}

function readTerm(groups: Record<string, string | undefined>): Term | null {
  const { operator = "", whole = "", major = "", minor, patch, prerelease = "" } = groups;
  const term = (text: string, loose: Looseness): Term | null => {
    const version = readVersion(text);
    return version === null ? null : { operator, version, loose };
  };
  if (isOpen(major)) return term(`0.0.0${prerelease}`, "all");
  if (isOpen(minor)) return term(`${major}.0.0${prerelease}`, "minor");
  if (isOpen(patch)) return term(`${major}.${minor}.0${prerelease}`, "patch");
  return term(whole, "exact");
}

function isOpen(number: string | undefined): boolean {
  return number === undefined || /^[xX*]$/.test(number);
}

/** Whether a version satisfies a constraint. A prerelease does only where its alternative names one. */
export function satisfies(version: Version, constraint: Constraint): boolean {
  return constraint.some(
    (terms) =>
      (version.prerelease === "" || terms.some((term) => term.version.prerelease !== "")) &&
      terms.every((term) => holds(version, term)),
  );
}

function holds(version: Version, term: Term): boolean {
  const order = compareVersions(version, term.version);
  switch (term.operator) {
    case "!=":
      return term.loose === "exact" ? order !== 0 : differs(version, term);
    case ">":
      return term.loose === "exact" || term.loose === "all"
        ? isAbove(version, term, order)
        : isBeyond(version, term);
    case "<":
      return order < 0;
    case ">=":
    case "=>":
      return order >= 0;
    case "<=":
    case "=<":
      return term.loose === "exact" ? order <= 0 : !isPast(version, term);
    case "~":
    case "~>":
      return order >= 0 && isNear(version, term);
    case "^":
      return order >= 0 && isCompatible(version, term);
    default:
      return term.loose === "exact" ? order === 0 : order >= 0 && isNear(version, term);
  }
}

function differs(version: Version, { version: wanted, loose }: Term): boolean {
  if (version.major !== wanted.major) return true;
  if (loose === "minor") return false;
  if (version.minor !== wanted.minor) return true;
  if (loose === "patch") return comparePrereleases(version.prerelease, wanted.prerelease) !== 0;
  return version.patch !== wanted.patch || version.prerelease !== wanted.prerelease;
}

function isAbove(version: Version, { version: wanted }: Term, order: number): boolean {
  return version.major === wanted.major ? order > 0 : version.major > wanted.major;
}

function isBeyond(version: Version, { version: wanted, loose }: Term): boolean {
  if (version.major !== wanted.major) return version.major > wanted.major;
  return loose === "patch" && version.minor > wanted.minor;
}

function isPast(version: Version, { version: wanted, loose }: Term): boolean {
  if (version.major !== wanted.major) return version.major > wanted.major;
  return version.minor > wanted.minor && loose !== "minor";
}

function isNear(version: Version, { version: wanted, loose }: Term): boolean {
  const zero = wanted.major === 0n && wanted.minor === 0n && wanted.patch === 0n;
  if (zero && (loose === "exact" || loose === "all")) return true;
  return version.major === wanted.major && (version.minor === wanted.minor || loose === "minor");
}

function isCompatible(version: Version, { version: wanted, loose }: Term): boolean {
  if (version.major !== wanted.major) return false;
  if (wanted.major > 0n || loose === "minor") return true;
  if (wanted.minor > 0n || loose === "patch") return version.minor === wanted.minor;
  return version.minor === 0n && version.patch === wanted.patch;
}

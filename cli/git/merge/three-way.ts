import { isSameValue, type Path } from "../../../shared/document/edit.ts";

/** Nothing stands at that place. */
export const ABSENT: unique symbol = Symbol("absent");
export type Absent = typeof ABSENT;

/** A place where both sides differ from what they came from, and from each other. */
export type Clash = { path: Path; base: unknown; ours: unknown; theirs: unknown };

/** What comes of two sides. */
export type ThreeWay = {
  /** With our side where they clash. */
  merged: unknown;
  /** Places where their side is taken. */
  taken: { path: Path; value: unknown }[];
  clashes: Clash[];
};

/**
 * Merges values out of documents, map by map: what one side changed is taken, what both changed alike is taken once, and
 * what they changed differently clashes. Something removed on one side and changed on the other clashes, too. Lists are
 * taken whole.
 */
export function mergeThreeWay(base: unknown, ours: unknown, theirs: unknown, path: Path = []): ThreeWay {
  if (isSame(ours, theirs) || isSame(base, theirs)) return { merged: ours, taken: [], clashes: [] };
  if (!isMap(ours) || !isMap(theirs) || !(isMap(base) || base === ABSENT)) {
    if (isSame(base, ours)) return { merged: theirs, taken: [{ path, value: theirs }], clashes: [] };
    return { merged: ours, taken: [], clashes: [{ path, base, ours, theirs }] };
  }
  const whole: ThreeWay = { merged: {}, taken: [], clashes: [] };
  const entries: [string, unknown][] = [];
  for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
    const inner = mergeThreeWay(at(base, key), at(ours, key), at(theirs, key), [...path, key]);
    if (inner.merged !== ABSENT) entries.push([key, inner.merged]);
    whole.taken.push(...inner.taken);
    whole.clashes.push(...inner.clashes);
  }
  return { ...whole, merged: Object.fromEntries(entries) };
}

/** What stands at a key of a map, if it is one. */
export function at(value: unknown, key: string): unknown {
  return isMap(value) && Object.hasOwn(value, key) ? value[key] : ABSENT;
}

/** What stands at a path. */
export function atPath(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((held, step) => at(held, String(step)), value);
}

/** Whether two values, or two absences, are the same. */
export function isSame(a: unknown, b: unknown): boolean {
  return a === b || (a !== ABSENT && b !== ABSENT && isSameValue(a, b));
}

/** Whether a value is a map of a document. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

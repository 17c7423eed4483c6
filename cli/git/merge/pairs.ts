import { ABSENT, at } from "./three-way.ts";

/** An object of one version of a file: its index among them, and its value; ABSENT where it has none. */
export type Version = { index: number; value: unknown };

/** The versions of one object. */
export type Pair = { base: Version; ours: Version; theirs: Version };

const NONE: Version = { index: -1, value: ABSENT };

/**
 * Finds the versions of each object in three versions of a file: by kind, namespace and name; what is left over, since a
 * side renamed it, by its place where all three have as many objects.
 * @param files the objects of base, ours and theirs.
 * @returns in the order of ours; what they alone have comes last.
 */
export function pairDocuments(files: readonly (readonly unknown[])[]): Pair[] {
  const [base = [], ours = [], theirs = []] = files.map((values) =>
    values.map((value, index) => ({ index, value })),
  );
  const names = [...new Set([...ours, ...base, ...theirs].map(({ value }) => nameOf(value)))];
  const pairs = names.flatMap((name) => {
    const [before, left, right] = [base, ours, theirs].map((file) =>
      file.filter(({ value }) => nameOf(value) === name),
    ) as [Version[], Version[], Version[]];
    const most = Math.max(before.length, left.length, right.length);
    return Array.from({ length: most }, (_, at) => ({
      base: before[at] ?? NONE,
      ours: left[at] ?? NONE,
      theirs: right[at] ?? NONE,
    }));
  });
  return base.length === ours.length && ours.length === theirs.length ? renamed(pairs) : pairs;
}

/** Puts together what stands at the same place under different names. */
function renamed(pairs: readonly Pair[]): Pair[] {
  const whole = pairs.filter(({ base, ours, theirs }) => [base, ours, theirs].every(isThere));
  const rest = pairs.filter((pair) => !whole.includes(pair));
  const versions = (side: keyof Pair) => rest.map((pair) => pair[side]).filter(isThere);
  const left = versions("ours").map((ours) => ({
    base: versions("base").find(({ index }) => index === ours.index) ?? NONE,
    ours,
    theirs: versions("theirs").find(({ index }) => index === ours.index) ?? NONE,
  }));
  const isWhole = left.every(({ base, theirs }) => isThere(base) && isThere(theirs));
  return isWhole && left.length === versions("theirs").length ? [...whole, ...left] : [...pairs];
}

function isThere({ index }: Version): boolean {
  return index !== -1;
}

function nameOf(value: unknown): string {
  const metadata = at(value, "metadata");
  const parts = [at(value, "apiVersion"), at(value, "kind"), at(metadata, "namespace"), at(metadata, "name")];
  return JSON.stringify(parts.map((part) => (part === ABSENT ? null : part)));
}

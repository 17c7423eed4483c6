/** Something that took its time. */
export type Timed = { name: string; milliseconds: number };

/** @returns the ten that took longest in a line each, the longest first: "   12.3 s  name". */
export function slowest(all: readonly Timed[]): string[] {
  return all
    .toSorted((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, 10)
    .map(({ name, milliseconds }) => `${seconds(milliseconds).padStart(9)}  ${name}`);
}

/** Writes a time as people read it. */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

import type { FigureName } from "./figures.ts";

/** One figure of one run. */
export type Measurement = {
  figure: FigureName;
  /** Who was measured: `reference`, `Signet`, or what else they are compared with. */
  subject: string;
  /** Null when this subject cannot tell. */
  value: number | null;
};

/** @returns the middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @returns the value below which the share `q` of the values lies, between two of them in proportion. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new Error("no values");
  return below + (above - below) * (place - Math.floor(place));
}

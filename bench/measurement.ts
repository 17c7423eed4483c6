/** One figure of one run. */
export type Measurement = {
  /** What was measured, unit included. Figures of the same name are compared. */
  figure: string;
  subject: string;
  value: number;
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

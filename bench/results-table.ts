import { type Measurement, median } from "./measurement.ts";

const compared = ["reference", "Signet"] as const;

/** Writes measurements as a Markdown table: medians of each side, and Signet's share of the reference's figure. */
export function resultsTable(measurements: readonly Measurement[]): string {
  const figures = [...new Set(measurements.map(({ figure }) => figure))];
  const rows = figures.map((figure) => {
    const medianOf = (subject: string): number | null => {
      const values = measurements
        .filter((m) => m.figure === figure && m.subject === subject)
        .map(({ value }) => value);
      return values.length === 0 ? null : median(values);
    };
    const [reference, signet] = compared.map(medianOf);
    const others = [...new Set(measurements.filter((m) => m.figure === figure).map(({ subject }) => subject))]
      .filter((subject) => !compared.some((name) => name === subject))
      .map((subject) => `${subject}: ${format(medianOf(subject))}`);
    const ratio =
      reference && signet !== null && signet !== undefined ? `${format(signet / reference)} ×` : "";
    return [figure, format(reference), format(signet), ratio, others.join(", ")];
  });
  return [
    ["figure (median)", "reference", "Signet", "Signet / reference", "beside it"],
    ["---", "--:", "--:", "--:", "---"],
    ...rows,
  ]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** Three significant digits, which is more than two shared cores are good for. */
function format(value: number | null | undefined): string {
  if (value === null || value === undefined) return "";
  if (value === 0) return "0";
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

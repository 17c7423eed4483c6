import type { Figure, FigureName, Goal } from "./figures.ts";
import { type Measurement, median } from "./measurement.ts";

const reference = "reference";
const signet = "Signet";

/** Writes measurements as a Markdown table: medians of each side, how they compare, and what was to be reached. */
export function resultsTable(
  figures: Readonly<Record<FigureName, Figure>>,
  measurements: readonly Measurement[],
): string {
  const rows = (Object.keys(figures) as FigureName[]).flatMap((name) => {
    const of = measurements.filter(({ figure }) => figure === name);
    if (of.length === 0) return [];
    const { title, goal } = figures[name];
    const medianOf = (subject: string): number | null => {
      const values = of.flatMap((m) => (m.subject === subject && m.value !== null ? [m.value] : []));
      return values.length === 0 ? null : median(values);
    };
    const others = [...new Set(of.map(({ subject }) => subject))]
      .filter((subject) => subject !== reference && subject !== signet)
      .map((subject) => `; ${subject}: ${format(medianOf(subject))}`);
    const ours = medianOf(signet);
    const compared = comparison(goal, ours, medianOf(goal?.with ?? reference));
    return [
      [
        title + others.join(""),
        format(medianOf(reference)),
        format(ours),
        compared === null || goal?.compare === "plain" ? "" : `${format(compared)} ×`,
        goal?.text ?? "",
        goal === null || compared === null ? "" : goal.met(compared) ? "met" : "**missed**",
      ],
    ];
  });
  return [
    ["figure (median)", "reference", "Signet", "compared", "goal", ""],
    ["---", "--:", "--:", "--:", "--:", "---"],
    ...rows,
  ]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** Signet's figure as its goal judges it; without a goal its share of the other's. */
function comparison(goal: Goal | null, ours: number | null, others: number | null): number | null {
  if (ours === null) return null;
  if (goal?.compare === "plain") return ours;
  if (others === null || others === 0 || ours === 0) return null;
  return goal?.compare === "times" ? others / ours : ours / others;
}

/** Three significant digits, which is more than two shared cores are good for. */
function format(value: number | null): string {
  if (value === null) return "n/a";
  if (value === 0) return "0";
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

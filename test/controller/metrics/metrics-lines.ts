import type { Metrics } from "../../../controller/metrics.ts";

/** Lines of the metrics without help and type, those that begin so. */
export async function metricsLines(metrics: Metrics, start: string): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split("\n").filter((line) => !line.startsWith("#") && line.startsWith(start));
}

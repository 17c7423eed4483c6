import type { SignetController } from "./signet-controller.ts";

/**
 * One series of a controller's metrics.
 * @param series its name with its labels, as it stands in the text.
 * @returns its value; 0 when it is not there.
 */
export async function metricOf({ metricsUrl }: SignetController, series: string): Promise<number> {
  const text = await (await fetch(`${metricsUrl}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

import type { Io } from "../io.ts";
import type { KubesealOptions } from "../options.ts";
import type { ClusterRun } from "./cluster-runs.ts";

/**
 * The runs that a command line asks for: see `clusterRuns`. What reads a project file is loaded only where clusters are named, or
 * asked for one output each.
 * @throws as `clusterRuns`.
 */
export async function runsOf(
  options: KubesealOptions,
  positionals: readonly string[],
  io: Io,
): Promise<ClusterRun[]> {
  const outputs = [options["output-dir"], options["sealed-secret-file"]];
  const isAsked = options["for-cluster"].length > 0 || outputs.some((path) => path?.includes("{cluster}"));
  if (!isAsked) return [{ options }];
  const { clusterRuns } = await import("./cluster-runs.ts");
  return clusterRuns(options, positionals, io);
}

import { InputError, UsageError } from "../../shared/errors.ts";
import { inputFiles } from "../input-files.ts";
import type { Io } from "../io.ts";
import type { KubesealOptions } from "../options.ts";
import { findProject, type ProjectFile } from "./project-file.ts";
import { PROJECT_FILE } from "./project-folders.ts";
import { ruleFor } from "./project-rules.ts";
import { clustersFor } from "./project-sealing.ts";

/** One run of sealing, for one cluster of a project where it is for several. */
export type ClusterRun = {
  options: KubesealOptions;
  /** Which of the files it is for; all when not given. */
  takesFile?: (path: string) => boolean;
};

const PLACE = "{cluster}";

/**
 * The runs that a command line asks for: with `{cluster}` in the path of `--output-dir` or `-w` one for each cluster that a file is
 * for by the rules of the project, or for each of `--for-cluster`; else a single one.
 * @throws UsageError when several clusters are named and there is one output; InputError when no file is for one that is named.
 */
export function clusterRuns(options: KubesealOptions, positionals: readonly string[], io: Io): ClusterRun[] {
  const { "output-dir": folder, "sealed-secret-file": file, "for-cluster": asked } = options;
  const isPattern = [folder, file].some((path) => path?.includes(PLACE) === true);
  const project = isPattern || asked.length > 0 ? findProject(io) : null;
  if (project === null) {
    if (asked.length > 0)
      throw new UsageError(
        `--for-cluster names clusters of ${PROJECT_FILE}, and there is none here`,
        "add one (docs/project-file.md), or give --cert FILE",
      );
    return [{ options }];
  }
  if (!isPattern) return [{ options }];
  const unknown = asked.find((name) => !project.clusters.has(name));
  if (unknown !== undefined)
    throw new InputError(
      `${project.path} has no cluster ${JSON.stringify(unknown)}`,
      `name one of ${[...project.clusters.keys()].join(", ")}`,
    );
  const paths = positionals.length > 0 ? inputFiles(positionals, io.files).map(({ path }) => path) : null;
  const inputs = paths ?? [options["secret-file"] ?? file?.replaceAll(PLACE, "cluster") ?? null];
  const names = asked.length > 0 ? asked : [...project.clusters.keys()];
  const outputs = [...project.clusters.keys()].flatMap(
    (name) => runFor(options, name)["output-dir"]?.replace(/\/+$/, "") ?? [],
  );
  const runs = names.flatMap((name): ClusterRun[] => {
    // What was sealed for one cluster is no input for another, wherever it lies.
    const takesFile = (path: string | null) =>
      isFor(project, name, path, io) && !outputs.some((folder) => path !== null && isBelow(path, folder, io));
    return inputs.some(takesFile) ? [{ options: runFor(options, name), takesFile }] : [];
  });
  if (runs.length > 0 && (asked.length === 0 || runs.length === asked.length)) return runs;
  throw new InputError(
    `nothing of the input is for ${asked.length > 0 ? asked.join(", ") : "any cluster"} by the rules of ${project.path}`,
    "correct --for-cluster, or the rules",
  );
}

function isFor(project: ProjectFile, name: string, path: string | null, io: Io): boolean {
  return clustersFor(project, ruleFor(project, path, io)).includes(name);
}

function isBelow(path: string, folder: string, { files }: Io): boolean {
  return files.destination(path).startsWith(`${files.destination(folder)}/`);
}

function runFor(options: KubesealOptions, name: string): KubesealOptions {
  const placed = (path: string | null) => path?.replaceAll(PLACE, name) ?? null;
  return {
    ...options,
    "for-cluster": [name],
    "output-dir": placed(options["output-dir"]),
    "sealed-secret-file": placed(options["sealed-secret-file"]),
  };
}

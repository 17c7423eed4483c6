import { SealError } from "../../shared/errors.ts";
import type { Io } from "../io.ts";
import { type PinnedCluster, pinnedCluster } from "./pinned-cluster.ts";
import { findProject, type ProjectFile } from "./project-file.ts";

/** The clusters of a project whose certificates can be read, and why others cannot. */
export type ReadablePins = { clusters: PinnedCluster[]; faults: SealError[] };

/** Reads the certificates that a project pins, each for itself: where one is missing the others still count. */
export function readablePins(project: ProjectFile, names: readonly string[], io: Io): ReadablePins {
  const pins: ReadablePins = { clusters: [], faults: [] };
  for (const name of names) {
    try {
      pins.clusters.push(pinnedCluster(project, name, io));
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      pins.faults.push(error);
    }
  }
  return pins;
}

/**
 * The files with the certificates that the project here pins; each holds the one that is pinned, and behind it former ones and those
 * that vouch for it. With them why others cannot be used.
 * @returns none where there is no project.
 * @throws SealError for a project file that cannot be read.
 */
export function pinnedCertificateFiles(io: Io): {
  files: { path: string; cluster: string }[];
  faults: SealError[];
} {
  const project = findProject(io);
  if (project === null) return { files: [], faults: [] };
  const { clusters, faults } = readablePins(project, [...project.clusters.keys()], io);
  return { files: clusters.map(({ path, name }) => ({ path, cluster: name })), faults };
}

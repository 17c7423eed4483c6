import type { Io } from "../io.ts";
import { pinnedCluster } from "./pinned-cluster.ts";
import { findProject } from "./project-file.ts";

/**
 * The files with the certificates that the project here pins; each holds the one that is pinned, and behind it former ones and those
 * that vouch for it.
 * @returns none where there is no project.
 * @throws SealError for a project that cannot be read, or pins another certificate than lies there.
 */
export function pinnedCertificateFiles(io: Io): string[] {
  const project = findProject(io);
  if (project === null) return [];
  return [...project.clusters.keys()].map((name) => pinnedCluster(project, name, io).path);
}

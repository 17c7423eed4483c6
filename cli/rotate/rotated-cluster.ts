import { UsageError } from "../../shared/errors.ts";
import { openController } from "../controller-client.ts";
import type { FoundCertificate } from "../found-certificate.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import type { ClusterOptions } from "../options.ts";
import { requireAcceptedPin } from "../project/pin-record.ts";
import { pinnedCluster } from "../project/pinned-cluster.ts";
import { findProject, type ProjectFile } from "../project/project-file.ts";
import { ruleFor } from "../project/project-rules.ts";
import { clustersFor, namesController, pinOf } from "../project/project-sealing.ts";
import { knownRules } from "../project/rules-record.ts";

/** The cluster of a project file whose values are sealed anew. */
export type RotatedCluster = {
  name: string;
  /** Why a file is none of this cluster's, by the rules of the project; null for one that is. */
  whyNot(path: string): string | null;
  /**
   * The certificate that the project pins for it; that of its controller where one is to be asked, if it is the pinned one or
   * the key of that one vouches for it.
   * @throws SealError when the pin is not what the user accepted, or the certificate not what it has to be.
   */
  certificate(asksController: boolean): Promise<FoundCertificate>;
};

/**
 * The cluster that is meant where a project file names some.
 * @param asked what `--for-cluster` says.
 * @returns null without a project file, or where it does not say which.
 * @throws UsageError for several clusters in one run; InputError, FileError for a project file that cannot be used.
 */
export function rotatedCluster(
  [asked, ...more]: readonly string[],
  options: ClusterOptions,
  io: Io,
  notices: Notices,
): RotatedCluster | null {
  if (more.length > 0)
    throw new UsageError(
      "rotate works for one cluster at a time",
      "give --for-cluster one name, and run it once for each",
    );
  const project = findProject(io);
  if (project === null) {
    if (asked === undefined) return null;
    throw new UsageError("--for-cluster names a cluster of .signet.yaml, and there is none", "leave it out");
  }
  const [only, ...others] = project.clusters.keys();
  const name = asked ?? (others.length === 0 ? only : undefined);
  return name === undefined ? null : clusterOf(project, name, options, io, notices);
}

function clusterOf(
  project: ProjectFile,
  name: string,
  options: ClusterOptions,
  io: Io,
  notices: Notices,
): RotatedCluster {
  const cluster = pinnedCluster(project, name, io);
  const { alertOfRules } = knownRules(project, io, notices, false);
  return {
    name,
    whyNot(path) {
      const rule = ruleFor(project, path, io);
      const fitting = clustersFor(project, rule);
      if (fitting.includes(name)) alertOfRules(path, rule, name, true);
      return fitting.includes(name) ? null : `for ${fitting.join(" and ")}, by the rules of ${project.path}`;
    },
    async certificate(asksController) {
      // A first use is trusted with the one Secret that somebody seals; all that a tree holds is more.
      requireAcceptedPin(cluster, project, io, notices, "accepted");
      if (!asksController && !namesController(options))
        return { bytes: new TextEncoder().encode(cluster.text), source: cluster.path, controller: null };
      const controller = await openController(options, io, notices, pinOf(cluster));
      try {
        return await controller.certificate();
      } finally {
        await controller.close();
      }
    },
  };
}

import { SealError } from "../../shared/errors.ts";
import type { Certificate } from "../../shared/seal/certificate.node.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import { readablePins } from "./pinned-files.ts";
import { findProject, type ProjectFile } from "./project-file.ts";

/**
 * Tells, always, of a controller's certificate that is none of those which the project here pins. It is printed all the same: scripts
 * take what kubeseal would give them, and a file that is missing in the project has to be had from somewhere.
 * @param asked clusters that the user names; all of the project for none.
 */
export function alertUnlessPinned(
  certificate: Certificate,
  source: string,
  asked: readonly string[],
  io: Io,
  notices: Notices,
): void {
  let project: ProjectFile | null;
  try {
    project = findProject(io);
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    notices.alert(error.message);
    return;
  }
  if (project === null) return;
  const names = [...project.clusters.keys()].filter((name) => asked.length === 0 || asked.includes(name));
  const readable = new Map(
    readablePins(project, names, io).clusters.map((one) => [one.name, one.certificate]),
  );
  const { clusters, path } = project;
  const fitting = names.find((name) => {
    const pinned = readable.get(name);
    // Of a certificate that is missing the fingerprint alone is known.
    if (pinned === undefined) return clusters.get(name)?.fingerprint === certificate.fingerprint;
    return pinned.digest === certificate.digest;
  });
  if (fitting !== undefined) notices.note(`${path} pins it for ${fitting}`);
  if (fitting !== undefined || names.length === 0) return;
  const pins = names.map((name) => `${name} ${clusters.get(name)?.fingerprint}`).join("; ");
  notices.alert(
    `the certificate from ${source} is ${certificate.fingerprint}, and is not what ${path} pins: ${pins}. signet pin update CLUSTER takes one that the pinned key vouches for`,
  );
}

import { decodeText } from "../../shared/document/encoding.ts";
import { InputError } from "../../shared/errors.ts";
import { type Certificate, CertificateError, readCertificate } from "../../shared/seal/certificate.node.ts";
import { shellPath } from "../../shared/shell-word.ts";
import { fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";
import type { ClusterEntry, ProjectFile } from "./project-file.ts";
import { folderOf, inFolder, isInGitFolder } from "./project-folders.ts";

/** A cluster of a project, with the certificate that it pins. */
export type PinnedCluster = {
  name: string;
  certificate: Certificate;
  clusterId: string | null;
  /** Path of the certificate's file, absolute. */
  path: string;
  /** What stands in that file: the certificate, and behind it what vouches for it. */
  text: string;
  /** For people: `prod in /work/app/.signet.yaml`. */
  where: string;
};

/** A pin whose file holds a certificate, and another one than the project file names. */
export class OtherPinError extends CertificateError {}

const MOST_BYTES = 1 << 20;

/**
 * Reads the certificate that a project pins for a cluster.
 * @throws InputError when the project has no such cluster, or pins another certificate than lies there; FileError when it cannot be
 *   read, or lies in `.git` or outside of the project.
 */
export function pinnedCluster(project: ProjectFile, name: string, io: Io): PinnedCluster {
  const entry = project.clusters.get(name);
  if (entry === undefined) {
    const names = [...project.clusters.keys()].join(", ");
    throw new InputError(
      `${project.path} has no cluster ${JSON.stringify(name)}`,
      names === "" ? "add it there" : `name one of ${names}`,
    );
  }
  const where = `${name} in ${project.path}`;
  const path = certificatePath(project, entry);
  const text = readText(path, entry, project, io);
  let certificate: Certificate;
  try {
    certificate = readCertificate(text);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new CertificateError(`${where}: the certificate in ${entry.certificate} ${error.message}`);
  }
  if (certificate.fingerprint !== entry.fingerprint)
    throw new OtherPinError(
      `${where}: the certificate in ${entry.certificate} is ${certificate.fingerprint}, and the fingerprint there is ${entry.fingerprint}: nothing is sealed with it`,
      `see who changed either, and take that back from Git; if the certificate is right, write its fingerprint there, and accept it with: signet pin accept ${name}`,
    );
  return { name, certificate, clusterId: entry.clusterId ?? null, path, text, where };
}

/** Where the certificate of a cluster lies, as an absolute path. */
export function certificatePath(project: ProjectFile, { certificate }: ClusterEntry): string {
  return inFolder(folderOf(project.path), certificate.replace(/^(?:\.\/)+/, ""));
}

function readText(path: string, { certificate }: ClusterEntry, project: ProjectFile, io: Io): string {
  let bytes: Uint8Array;
  try {
    // A link would have us read, tell of, and with an update overwrite, what lies anywhere.
    const folder = inFolder(folderOf(project.path), "");
    const real = io.files.realPath(path);
    if (!real.startsWith(folder) || isInGitFolder(real.slice(folder.length))) throw outside(path);
    bytes = io.files.read(path);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw fileFailure(
      `cannot read ${path}, which ${project.path} names`,
      `take it from where the project has it, or fetch it from that cluster, in ${folderOf(project.path)}: signet --fetch-cert > ${shellPath(certificate)}`,
      error,
    );
  }
  if (bytes.length > MOST_BYTES)
    throw new InputError(`${path} is too long to be a certificate`, "see who changed it");
  return decodeText(bytes, path);
}

function outside(path: string): InputError {
  return new InputError(
    `${path} lies in .git, or is a link that leads there or out of the project`,
    "put the certificate itself into the project",
  );
}

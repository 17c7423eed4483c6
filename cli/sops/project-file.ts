import { decodeText } from "../../shared/document/encoding.ts";
import { fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";
import { folderOf, foldersToLook, inFolder, nearestFile } from "../project/project-folders.ts";

/** A `.sops.yaml` and where it is. */
export type ProjectFile = {
  /** Absolute, links followed. */
  path: string;
  text: string;
};

const NAME = ".sops.yaml";

/**
 * The `.sops.yaml` that counts here: that of SOPS_CONFIG, else the first from the working folder up to the root of its Git
 * repository, and no higher: what lies above is nobody's who works there. Outside of a repository only the working folder's.
 * @returns null for none.
 * @throws FileError when it cannot be read; InputError when it is no text.
 */
export function findProjectFile(io: Io): ProjectFile | null {
  const named = io.env["SOPS_CONFIG"];
  if (named) return readProjectFile(named, io);
  const path = nearestFile(NAME, io);
  return path === null ? null : readProjectFile(path, io);
}

/** Where `findProjectFile` looks, nearest first, whether something is there or not; nothing where SOPS_CONFIG names one. */
export function projectFilePlaces(io: Io): string[] {
  return io.env["SOPS_CONFIG"] ? [] : foldersToLook(io).map((folder) => inFolder(folder, NAME));
}

/** @throws FileError when it cannot be read; InputError when it is no text. */
export function readProjectFile(path: string, io: Io): ProjectFile {
  let bytes: Uint8Array;
  try {
    bytes = io.files.read(path);
  } catch (error) {
    throw fileFailure(`cannot read ${path}`, "name an existing, readable .sops.yaml", error);
  }
  return { path: io.files.realPath(path), text: decodeText(bytes, path) };
}

/** How a rule's path_regex sees a file: from the folder of the `.sops.yaml`, where it is below that. Empty for no file. */
export function pathForRules(path: string | null, projectFile: ProjectFile, io: Io): string {
  if (path === null) return "";
  const folder = inFolder(folderOf(projectFile.path), "");
  const target = io.files.destination(path);
  return target.startsWith(folder) ? target.slice(folder.length) : target;
}

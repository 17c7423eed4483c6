import { FileError, InputError } from "../../shared/errors.ts";
import { fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";

/**
 * Sees that paths of a configuration stay in the folder of its kustomization, which is the working folder: a project's
 * files say what is read, and the machine that builds has others.
 * @param where names the configuration in errors.
 * @throws InputError for one that leads out of it, by its text or by a link.
 */
export function requireInside(paths: readonly string[], where: string, { files }: Io): void {
  for (const path of paths) {
    const leadsOut = /^(?:[\\/]|[A-Za-z]:|-$)/.test(path) || path.split(/[\\/]/).includes("..");
    if (leadsOut || (files.kindOf(path) !== null && !isBelow(files.realPath(path), files.realPath(".")))) {
      throw new InputError(
        `${where}: ${JSON.stringify(path)} leads out of the folder of the kustomization`,
        "name files in that folder or below it",
      );
    }
  }
}

/** Reads a file that a configuration names; null where there is none. @throws FileError when it cannot be read. */
export function readIfThere(path: string, where: string, { files }: Io): Uint8Array | null {
  const kind = files.kindOf(path);
  if (kind === null) return null;
  if (kind === "folder")
    throw new FileError(`${where}: ${path} is a folder`, "name the files in it, one by one");
  try {
    return files.read(path);
  } catch (error) {
    throw fileFailure(`${where}: cannot read ${path}`, "check its permissions", error);
  }
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

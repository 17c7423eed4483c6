import { posix } from "node:path";
import { FileError } from "../shared/errors.ts";
import { codeOf, fileFailure } from "./file-failure.ts";
import type { Files } from "./io.ts";
import { folderOf, inFolder, isInGitFolder } from "./project/project-folders.ts";

/**
 * Sees that a file to be changed in its place lies in the Git repository that its path names: whoever commits a link could have
 * others write anywhere with their own rights. Links within the repository, and where there is none, are followed; not so one into
 * what Git keeps in it, nor one that leads to nothing, as a file would be made where nobody named it.
 * @throws FileError naming the place that the link leads to.
 */
export function requireInRepository(path: string, files: Files): void {
  try {
    judge(path, files);
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw fileFailure(`cannot read ${path}`, "name the file of a SealedSecret", error);
  }
}

function judge(path: string, files: Files): void {
  const named = posix.resolve(files.realPath("."), path);
  const place = files.destination(path);
  if (
    files.kindOf(path) === null &&
    place !== inFolder(files.destination(folderOf(named)), posix.basename(named))
  ) {
    throw new FileError(
      `${path} leads by a link to a place where nothing is`,
      "name that file itself if it is to be made, or remove the link",
    );
  }
  // As the path is written, so that a folder that is a link does not hide the repository which it stands in.
  for (let at = folderOf(named); ; at = folderOf(at)) {
    if (isRepository(at, files)) {
      const root = inFolder(files.realPath(at), "");
      const leads = !place.startsWith(root)
        ? `out of the repository ${at}`
        : !isInGitFolder(named.slice(at.length)) && isInGitFolder(place.slice(root.length))
          ? `into what Git keeps in the repository ${at}`
          : null;
      if (leads !== null)
        throw new FileError(
          `${path} leads by a link to ${place}, ${leads}`,
          "name that file itself if it is meant, or remove the link",
        );
    }
    if (folderOf(at) === at) return;
  }
}

/** A folder that may not be looked into has none that we could judge by. */
function isRepository(folder: string, files: Files): boolean {
  try {
    return files.kindOf(inFolder(folder, ".git")) !== null;
  } catch (error) {
    if (["EACCES", "ELOOP"].includes(codeOf(error))) return false;
    throw error;
  }
}

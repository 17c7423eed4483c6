import type { Io } from "../io.ts";

/** Name of the project file. */
export const PROJECT_FILE = ".signet.yaml";

/**
 * The folders in which a file of the project is looked for: from the working folder up to the root of its Git repository, nearest
 * first, and no higher: what lies above is nobody's who works there. Outside of a repository the working folder alone.
 * @returns absolute paths, links followed.
 */
export function foldersToLook(io: Io): string[] {
  const here = io.files.realPath(".");
  const folders = [here];
  for (let at = here; io.files.kindOf(inFolder(at, ".git")) === null; folders.push(at)) {
    const above = folderOf(at);
    if (above === at) return [here];
    at = above;
  }
  return folders;
}

/** The nearest file of that name in them; null for none. */
export function nearestFile(name: string, io: Io): string | null {
  const candidates = foldersToLook(io).map((folder) => inFolder(folder, name));
  return candidates.find((path) => io.files.kindOf(path) === "file") ?? null;
}

/** The folder that a path with slashes lies in. */
export function folderOf(path: string): string {
  const above = path.slice(0, path.lastIndexOf("/"));
  // The root of a file system has a slash of its own.
  return above === "" || above.endsWith(":") ? `${above}/` : above;
}

/** A name in a folder. */
export function inFolder(folder: string, name: string): string {
  return folder.endsWith("/") ? folder + name : `${folder}/${name}`;
}

/** Whether a path leads into a folder of Git's own, also as file systems that know no capitals, or short names, have it. */
export function isInGitFolder(path: string): boolean {
  return path.split("/").some((name) => /^(?:\.git|git~1)$/i.test(name));
}

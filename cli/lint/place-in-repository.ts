import type { Io } from "../io.ts";
import { foldersToLook, inFolder } from "../project/project-folders.ts";
import { STANDARD_INPUT } from "./lint-files.ts";

/**
 * Says where files lie from the root of their repository, as code scanning wants to know it, wherever lint was started and
 * however they were named. Outside of a repository the working folder is the root.
 * @returns for a path as it was given one with slashes; an absolute one for what lies elsewhere.
 */
export function placeInRepository(io: Io): (path: string) => string {
  const root = inFolder(foldersToLook(io).at(-1) ?? "/", "");
  return (path) => {
    if (path === STANDARD_INPUT) return path;
    const real = io.files.realPath(path);
    return real.startsWith(root) ? real.slice(root.length) : real;
  };
}

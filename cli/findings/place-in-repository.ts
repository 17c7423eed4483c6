import type { Io } from "../io.ts";
import { foldersToLook, inFolder } from "../project/project-folders.ts";

/**
 * Says where files lie from the root of their repository, as code scanning wants to know it, wherever the program was started and
 * however they were named. Outside of a repository the working folder is the root.
 * @returns for a path as it was given one with slashes; an absolute one for what lies elsewhere. What is no file stays as it is called.
 */
export function placeInRepository(io: Io): (path: string) => string {
  const root = inFolder(foldersToLook(io).at(-1) ?? "/", "");
  const places = new Map<string, string>();
  const find = (path: string) => {
    if (io.files.kindOf(path) === null) return path;
    const real = io.files.realPath(path);
    return real.startsWith(root) ? real.slice(root.length) : real;
  };
  return (path) => {
    const place = places.get(path) ?? find(path);
    places.set(path, place);
    return place;
  };
}

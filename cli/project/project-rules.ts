import { posix } from "node:path";
import type { Io } from "../io.ts";
import { fitsPattern } from "./path-pattern.ts";
import type { ProjectFile, ProjectRule } from "./project-file.ts";
import { folderOf, inFolder } from "./project-folders.ts";

/**
 * The rule of a project for a file: the first whose pattern fits its path from the folder of the project file. What is no file,
 * or lies elsewhere, is fitted by rules without a pattern alone.
 * @param path of the input, or of what will come of it; null for a stream.
 */
export function ruleFor(project: ProjectFile, path: string | null, io: Io): ProjectRule | null {
  return ruleAt(project, path === null ? null : placeIn(project, io.files.destination(path)));
}

/**
 * The rule that would count for a file if nothing on its path were a link.
 * @returns undefined where that is the same file, or none of the project's.
 */
export function ruleAsWritten(project: ProjectFile, path: string, io: Io): ProjectRule | null | undefined {
  const written = posix.resolve(io.files.realPath("."), path);
  const place = placeIn(project, written);
  return place === null || written === io.files.destination(path) ? undefined : ruleAt(project, place);
}

function ruleAt({ rules }: ProjectFile, place: string | null): ProjectRule | null {
  return (
    rules.find(
      ({ path: pattern }) => pattern === undefined || (place !== null && fitsPattern(place, pattern)),
    ) ?? null
  );
}

/** A file's path from the folder of the project file; null where it lies elsewhere. */
function placeIn({ path }: ProjectFile, file: string): string | null {
  const folder = inFolder(folderOf(path), "");
  return file.startsWith(folder) ? file.slice(folder.length) : null;
}

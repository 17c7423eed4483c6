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
  const place = path === null ? null : placeIn(project, path, io);
  return (
    project.rules.find(
      ({ path: pattern }) => pattern === undefined || (place !== null && fitsPattern(place, pattern)),
    ) ?? null
  );
}

/** A file's path from the folder of the project file; null where it lies elsewhere. */
function placeIn({ path }: ProjectFile, file: string, io: Io): string | null {
  const folder = inFolder(folderOf(path), "");
  const target = io.files.destination(file);
  return target.startsWith(folder) ? target.slice(folder.length) : null;
}

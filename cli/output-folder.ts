import { posix } from "node:path";
import { FileError } from "../shared/errors.ts";
import { fileFailure } from "./file-failure.ts";
import type { FileAccess, Files } from "./io.ts";

/**
 * The path of a result below `--output-dir`.
 * @param folder the output folder, as it was given; it may be a link itself.
 * @param target path below it, with slashes.
 * @throws FileError when a link in the folder leads elsewhere: whoever put it there would have us write where nobody
 *   said, or one result over another.
 */
export function placeBelow(folder: string, target: string, files: Files): string {
  const path = `${folder.replace(/\/+$/, "")}/${target}`;
  if (files.destination(path) === posix.join(files.destination(folder), target)) return path;
  throw new FileError(
    `cannot write ${path}: a link in ${folder} leads from there to another place`,
    "remove the link, or give another --output-dir",
  );
}

/**
 * Writes one result, whole or not at all.
 * @param makesFolder whether the folders above it are made, as below an output folder.
 * @throws FileError naming the file.
 */
export function writeResult(
  path: string,
  content: string | Uint8Array,
  files: Files,
  { makesFolder, access }: { makesFolder: boolean; access?: FileAccess | undefined },
): void {
  try {
    if (makesFolder) files.makeFolder(path.slice(0, path.lastIndexOf("/")));
    files.replace(path, content, access);
  } catch (error) {
    if (error instanceof FileError) throw error;
    throw fileFailure(`cannot write ${path}`, "check the folder and its permissions", error);
  }
}

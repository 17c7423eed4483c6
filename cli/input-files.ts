import { FileError, UsageError } from "../shared/errors.ts";
import { fileFailure } from "./file-failure.ts";
import type { Files } from "./io.ts";

/** One file to work on. */
export type InputFile = {
  /** Path from the working folder. */
  path: string;
  /** Its path below an output folder. */
  target: string;
  /** Whether it was named itself; the others were found in a folder or by a pattern. */
  isNamed: boolean;
};

/** What may hold manifests; other files of a folder are none of ours. */
const MANIFEST = /\.(?:ya?ml|json)$/i;
const PATTERN = /[*?[{]/;
/** Folders that hold no manifests of their owner. */
const PASSED_OVER = /^(?:\..*|node_modules)$/;

/**
 * The files that arguments name: files as they are, every manifest (.yaml, .yml, .json) of a folder and those below
 * it, and what a pattern fits. Each file comes once. The output folder is passed over, hidden folders and node_modules
 * of a folder, and links that lead out of the folder they stand in.
 * @param outputFolder where results go, or null.
 * @throws FileError, UsageError naming the argument that gives nothing, or two files of the same name.
 */
export function inputFiles(
  args: readonly string[],
  files: Files,
  outputFolder: string | null = null,
): InputFile[] {
  const found = new Map<string, InputFile>();
  const barred =
    outputFolder !== null && files.kindOf(outputFolder) === "folder" ? files.realPath(outputFolder) : null;
  for (const arg of args) {
    for (const file of filesOf(arg, files, barred)) {
      const real = files.realPath(file.path);
      if (!found.has(real)) found.set(real, file);
    }
  }
  if (outputFolder !== null) requireDistinct([...found.values()]);
  return [...found.values()];
}

/** The content of a file given as an argument. @throws FileError naming it. */
export function readInput(path: string, { files }: { files: Files }): Uint8Array {
  try {
    return files.read(path);
  } catch (error) {
    throw fileFailure(`cannot read ${path}`, "check its permissions, or leave it out", error);
  }
}

function filesOf(arg: string, files: Files, barred: string | null): InputFile[] {
  if (arg === "-") {
    throw new UsageError("- is no file here", "leave all files out to read standard input");
  }
  switch (files.kindOf(arg)) {
    case "folder":
      return filesBelow(arg, files, barred);
    case "file":
    case "other":
      return [{ path: arg, target: baseName(arg), isNamed: true }];
    case null:
      if (PATTERN.test(arg)) return filesOfPattern(arg, files, barred);
      throw new FileError(
        `cannot read ${arg}: no such file or directory`,
        "give an existing file or folder, or a pattern in quotes",
      );
  }
}

function filesOfPattern(pattern: string, files: Files, barred: string | null): InputFile[] {
  const parts = pattern.split("/");
  // What stands before the first part with a wildcard is the folder that an output folder stands for.
  const fixed = parts.slice(
    0,
    parts.findIndex((part) => PATTERN.test(part)),
  );
  const start = fixed.map((part) => `${part}/`).join("");
  const matches = files.glob(pattern).filter((path) => {
    if (files.kindOf(path) !== "file") return false;
    const real = files.realPath(path);
    return (
      isBelow(real, files.realPath(start === "" ? "." : start)) && (barred === null || !isBelow(real, barred))
    );
  });
  if (matches.length === 0) {
    throw new FileError(`no file fits ${pattern}`, "correct the pattern; it is read from the working folder");
  }
  return matches.map((path) => ({
    path,
    target: path.startsWith(start) ? path.slice(start.length) : baseName(path),
    isNamed: false,
  }));
}

function filesBelow(folder: string, files: Files, barred: string | null): InputFile[] {
  const root = folder.replace(/(?<=.)\/+$/, "");
  const realRoot = files.realPath(root);
  if (realRoot === barred) {
    throw new UsageError(
      `${folder} is both input and output folder`,
      "give --in-place to write results back, or another --output-dir",
    );
  }
  const found: InputFile[] = [];
  const open = [""];
  for (let below = open.shift(); below !== undefined; below = open.shift()) {
    const path = join(root, below);
    if (barred !== null && files.realPath(path) === barred) continue;
    for (const { name, kind } of listed(path, files)) {
      const target = join(below, name);
      if (kind === "folder" && !PASSED_OVER.test(name)) open.push(target);
      const isFile = kind === "file" || (kind === "link" && leadsInside(join(root, target), realRoot, files));
      if (isFile && MANIFEST.test(name)) found.push({ path: join(root, target), target, isNamed: false });
    }
  }
  if (found.length === 0) {
    throw new FileError(
      `${folder} holds no .yaml, .yml or .json files`,
      "name another folder, or the files themselves",
    );
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function listed(path: string, files: Files) {
  try {
    return files.list(path);
  } catch (error) {
    throw fileFailure(`cannot read the folder ${path}`, "check its permissions, or name other files", error);
  }
}

/** Whoever wrote the folder must not have us read or replace files elsewhere. */
function leadsInside(path: string, realRoot: string, files: Files): boolean {
  return files.kindOf(path) === "file" && isBelow(files.realPath(path), realRoot);
}

/** @param folder a real path; so is the other. */
function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

function requireDistinct(found: readonly InputFile[]): void {
  const byTarget = new Map<string, string>();
  for (const { path, target } of found) {
    const other = byTarget.get(target);
    if (other !== undefined) {
      throw new UsageError(
        `${other} and ${path} would both be written to ${target}`,
        "name the folder above both, or run once for each",
      );
    }
    byTarget.set(target, path);
  }
}

/** Joins with a slash, which Windows takes too. */
function join(folder: string, name: string): string {
  if (folder === "" || name === "") return folder + name;
  return folder.endsWith("/") ? folder + name : `${folder}/${name}`;
}

function baseName(path: string): string {
  return path.replace(/^.*[\\/]/, "");
}

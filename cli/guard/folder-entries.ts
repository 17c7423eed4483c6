import { fileFailure } from "../file-failure.ts";
import type { Files } from "../io.ts";
import type { FolderTree } from "./tree.ts";
import { UnlookedError } from "./unlooked-error.ts";

/** Where nobody's own files are. */
const PASSED_OVER = new Set([".git", "node_modules"]);

/**
 * The files that arguments name, and those of folders, hidden ones too. Links are passed over: what they lead to is looked at
 * where it is.
 * @returns paths as given, or below what is given.
 */
export function namedPaths(args: readonly string[], tree: FolderTree, files: Files): string[] {
  const found = new Set<string>();
  for (const arg of args) {
    const path = arg.replace(/(?<=.)\/+$/, "");
    const kind = tree.kindOf(path);
    if (kind === null)
      throw new UnlookedError(
        `cannot read ${arg}: no such file or directory`,
        "name an existing file or folder",
      );
    if (kind === "file") found.add(path);
    if (kind === "folder") for (const below of filesBelow(path, files)) found.add(below);
  }
  return [...found];
}

function filesBelow(folder: string, files: Files): string[] {
  const found: string[] = [];
  const open = [folder];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const start = path === "." ? "" : path.endsWith("/") ? path : `${path}/`;
    for (const { name, kind } of listed(path, files)) {
      if (kind === "folder" && !PASSED_OVER.has(name)) open.push(start + name);
      if (kind === "file") found.push(start + name);
    }
  }
  return found.sort();
}

function listed(path: string, files: Files) {
  try {
    return files.list(path);
  } catch (error) {
    const { message, hint } = fileFailure(`cannot read the folder ${path}`, "check its permissions", error);
    throw new UnlookedError(message, hint);
  }
}

/** The folder that `.git` lies in, from the working folder upwards; that itself where there is none. */
export type Root = {
  /** Absolute, with a slash at its end. */
  path: string;
  /** The way there from the working folder: `../` as often as it takes. */
  up: string;
  /** The way back: the working folder from the root, with a slash at its end unless it is empty. */
  down: string;
};

/** Finds it. */
export function rootOf(files: Files): Root {
  const here = withSlash(files.realPath("."));
  const parts = here.split("/").slice(1, -1);
  for (let depth = 0; depth < parts.length; depth++) {
    const up = "../".repeat(depth);
    if (files.kindOf(`${up}.git`) === null) continue;
    const down = parts.slice(parts.length - depth).map((part) => `${part}/`);
    const path = ["", ...parts.slice(0, parts.length - depth), ""].join("/");
    return { path, up, down: down.join("") };
  }
  return { path: here, up: "", down: "" };
}

function withSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}

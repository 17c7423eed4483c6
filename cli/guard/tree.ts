import { fileFailure } from "../file-failure.ts";
import type { Files, FolderEntry } from "../io.ts";
import { type Content, type GitObjects, MOST_BYTES } from "./git-objects.ts";
import { UnlookedError } from "./unlooked-error.ts";

/** The files of a repository as they are at one time: staged, in a commit, or in the working folder. */
export interface Tree {
  /** Tells it from others. */
  id: string;
  /**
   * Reads files by their paths from the root, one at a time and in order.
   * @param take gets null for what is no file there; links are none.
   */
  read(
    paths: readonly string[],
    take: (content: Content | null, index: number) => void | Promise<void>,
  ): Promise<void>;
}

/**
 * A commit, or what is staged.
 * @param id `` for what is staged, else the commit: what stands before the colon in Git's names.
 */
export function gitTree(objects: GitObjects, id: string): Tree {
  return {
    id,
    read: (paths, take) =>
      objects.read(
        paths.map((path) => `${id}:${path}`),
        take,
      ),
  };
}

/** The working folder, of which links are no part. */
export class FolderTree implements Tree {
  readonly id = "files";
  readonly #files: Files;
  readonly #root: string;
  readonly #lists = new Map<string, ReadonlyMap<string, FolderEntry["kind"]>>();

  /** @param root where paths begin, with a slash at its end; empty for the working folder itself. */
  constructor(files: Files, root: string) {
    this.#files = files;
    this.#root = root;
  }

  async read(paths: readonly string[], take: Parameters<Tree["read"]>[1]): Promise<void> {
    for (const [index, path] of paths.entries()) await take(this.#contentOf(this.#root + path), index);
  }

  /** What stands at a path, which is read from the working folder; null when nothing does. */
  kindOf(path: string): FolderEntry["kind"] | null {
    const [, folder = "", name = path] = /^([\s\S]*\/)?([^/]*)$/.exec(path) ?? [];
    if (name === "" || name === "." || name === "..") return this.#files.kindOf(path);
    let list = this.#lists.get(folder);
    if (list === undefined) {
      const at = folder === "" ? "." : folder;
      const entries = this.#files.kindOf(at) === "folder" ? this.#files.list(at) : [];
      list = new Map(entries.map((entry) => [entry.name, entry.kind]));
      this.#lists.set(folder, list);
    }
    return list.get(name) ?? null;
  }

  #bytesOf(path: string): Uint8Array {
    try {
      return this.#files.read(path);
    } catch (error) {
      const { message, hint } = fileFailure(
        `cannot read ${path}`,
        "check its permissions, or leave it out",
        error,
      );
      throw new UnlookedError(message, hint);
    }
  }

  #contentOf(path: string): Content | null {
    if (this.kindOf(path) !== "file") return null;
    const bytes = this.#bytesOf(path);
    return { bytes: bytes.subarray(0, MOST_BYTES), isCut: bytes.length > MOST_BYTES };
  }
}

/** The folders above a path from the root, the nearest first and the root, as ``, last. */
export function foldersAbove(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, depth) => parts.slice(0, parts.length - depth).join("/")).concat("");
}

/** A path below a folder that is `` for the root; `..` and `.` in it are followed. Null where it leads out of the root. */
export function pathIn(folder: string, path: string): string | null {
  const parts = folder === "" ? [] : folder.split("/");
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join("/");
}

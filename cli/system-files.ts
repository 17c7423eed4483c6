import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  globSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { getBuiltinModule } from "node:process";
import type { FileAccess, Files, FolderEntry } from "./io.ts";

/** The file system of the machine. */
export const systemFiles: Files = {
  read: (path) => readFileSync(path),
  replace,
  create,
  remove: (path) => rmSync(path, { force: true }),
  makeFolder: (path) => mkdirSync(path, { recursive: true, mode: 0o700 }),
  kindOf,
  list,
  realPath: (path) => withSlashes(realpathSync(path)),
  destination: (path) => withSlashes(realOrComing(followLinks(path))),
  glob: (pattern) => globSync(pattern).map(withSlashes).sort(),
};

function kindOf(path: string): "file" | "folder" | "other" | null {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return null;
  return found.isFile() ? "file" : found.isDirectory() ? "folder" : "other";
}

function list(folder: string): FolderEntry[] {
  const entries = readdirSync(folder, { withFileTypes: true }).map((entry): FolderEntry => {
    if (entry.isSymbolicLink()) return { name: entry.name, kind: "link" };
    return { name: entry.name, kind: entry.isFile() ? "file" : entry.isDirectory() ? "folder" : "other" };
  });
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const OWNER_ONLY = 0o600;
const MAX_LINKS = 40;

function replace(path: string, content: string | Uint8Array, access: FileAccess = "as-before"): void {
  const target = followLinks(path);
  const existing = statSync(target, { throwIfNoEntry: false });
  // A device, pipe or folder cannot be replaced; writing reports what is wrong.
  if (existing !== undefined && !existing.isFile()) {
    writeFileSync(path, content);
    return;
  }
  // In the target's own folder: a rename is atomic inside one file system only.
  const temporary = join(dirname(target), `.signet-${randomName()}`);
  const file = openSync(temporary, "wx", OWNER_ONLY);
  try {
    try {
      writeFileSync(file, content);
      if (existing !== undefined && access === "as-before") {
        keepOwner(file, existing);
        fchmodSync(file, existing.mode & 0o7777);
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function create(path: string, content: string): void {
  const file = openSync(path, "wx", OWNER_ONLY);
  try {
    writeFileSync(file, content);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Gives a file the owner of the one that it replaces, as far as this user may: root's edit leaves it its user's. */
function keepOwner(file: number, { uid, gid }: Stats): void {
  const made = fstatSync(file);
  if (made.uid === uid && made.gid === gid) return;
  try {
    fchownSync(file, uid, gid);
  } catch {}
}

/** Where a path leads, also when the last link points to a file that is not there yet. */
function followLinks(path: string): string {
  let target = resolve(path);
  for (let links = 0; links < MAX_LINKS; links++) {
    let next: string;
    try {
      next = readlinkSync(target);
    } catch {
      return target;
    }
    // What the kernel shows for open pipes and sockets is no path.
    if (!next.includes("/") && next.includes(":[")) return target;
    target = resolve(realpathSync(dirname(target)), next);
  }
  return target;
}

/** A real path, as far as something is there; the rest as it is named. */
function realOrComing(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(realOrComing(above), basename(path));
  }
}

function withSlashes(path: string): string {
  return path.replaceAll(sep, "/");
}

function randomName(): string {
  // Loaded here, as many runs write no file.
  return getBuiltinModule("node:crypto").randomBytes(6).toString("hex");
}

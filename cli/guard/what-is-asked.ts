import { UsageError } from "../../shared/errors.ts";
import type { Io } from "../io.ts";
import { changeNotes, type Versions } from "./change-notes.ts";
import type { Finding } from "./finding.ts";
import { namedPaths, rootOf } from "./folder-entries.ts";
import { commitOf, differencesOf, filesOfRange, readRange, stagedFiles } from "./git-entries.ts";
import type { ChangedFile, StartGit } from "./git-listing.ts";
import { GitObjects } from "./git-objects.ts";
import type { GuardOptions } from "./guard-options.ts";
import { type Allowing, type Entry, type Look, lookAt, type Store } from "./look.ts";
import { FolderTree, gitTree, type Tree } from "./tree.ts";
import { UnlookedError } from "./unlooked-error.ts";

/** What was found, and what is to be known besides; null where earlier versions are not there to compare with. */
export type Answer = Look & { notes: Finding[] | null };

/**
 * Looks at what the command line asks for.
 * @throws UsageError, UnlookedError where nothing is asked for, or it cannot be looked at.
 */
export async function lookAtWhatIsAsked(
  options: GuardOptions,
  paths: readonly string[],
  io: Io,
): Promise<Answer> {
  if (options.staged && options.range !== null)
    throw new UsageError("--staged and --range exclude each other", "give one of them");
  if (!options.staged && options.range === null && paths.length === 0)
    throw new UsageError(
      "it is not said what to look at",
      "give --staged, --range A..B, or files and folders",
    );
  if (!options.staged && options.range === null) return lookAtFolder(options, paths, io);
  const git = gitOf(io);
  // Started first, so that it is ready when the names of what it is to read are known.
  const objects = new GitObjects(await git(["cat-file", "--batch"]));
  try {
    const asking = { options, paths, io, git, objects };
    return options.range === null ? await lookAtStaged(asking) : await lookAtRange(options.range, asking);
  } finally {
    await objects.close();
  }
}

type Asking = {
  options: GuardOptions;
  paths: readonly string[];
  io: Io;
  git: StartGit;
  objects: GitObjects;
};

async function lookAtStaged({ options, paths, io, git, objects }: Asking): Promise<Answer> {
  const files = await stagedFiles(git, paths);
  const tree = gitTree(objects, "");
  const allowing = await allowingBy(options.base, { git, objects, io });
  const store = objects.read.bind(objects);
  const look = await lookAt(
    files.map((file) => entryOf(file, tree)),
    { store, allowing },
  );
  return { ...look, notes: await notesOn(versionsOf(files), store) };
}

async function lookAtRange(text: string, { options, paths, io, git, objects }: Asking): Promise<Answer> {
  const range = await readRange(git, text);
  if (range === null) return { findings: [], files: 0, allowed: [], ownAllowances: 0, notes: [] };
  const isReceiving = io.env["GIT_QUARANTINE_PATH"] !== undefined;
  const files = await filesOfRange(git, range, { isReceiving, paths });
  const base = options.base ?? range.from;
  const allowing: Allowing =
    base === null ? { by: "nobody" } : { by: "tree", tree: gitTree(objects, await commitOf(git, base)) };
  const store = objects.read.bind(objects);
  const look = await lookAt(
    files.map((file) => entryOf(file, gitTree(objects, file.commit ?? range.to))),
    { store, allowing },
  );
  const differences = range.from === null ? [] : await differencesOf(git, range.from, range.to);
  return { ...look, notes: await notesOn(versionsOf(differences), store) };
}

/** Earlier versions may be what a partial clone lacks: then all that is to be committed was looked at all the same. */
async function notesOn(versions: readonly Versions[], store: Store): Promise<Finding[] | null> {
  try {
    return await changeNotes(versions, store);
  } catch (error) {
    if (error instanceof UnlookedError) return null;
    throw error;
  }
}

async function lookAtFolder(options: GuardOptions, paths: readonly string[], io: Io): Promise<Answer> {
  const { files } = io;
  const root = rootOf(files);
  const tree = new FolderTree(files, root.up);
  const given = new FolderTree(files, "");
  const objects = options.base === null ? null : new GitObjects(await gitOf(io)(["cat-file", "--batch"]));
  try {
    const git = options.base === null ? null : gitOf(io);
    const allowing = await allowingBy(options.base, { git, objects, io });
    const shown = new Map<string, string>();
    const entries = namedPaths(paths, given, files).map((object): Entry => {
      const path = fromRoot(files.realPath(object), root.path);
      shown.set(path, object);
      return { path, commit: null, tree, object };
    });
    const show = (path: string) =>
      shown.get(path) ?? (path.startsWith(root.down) ? path.slice(root.down.length) : root.up + path);
    const store = given.read.bind(given);
    const look = await lookAt(entries, { store, allowing, show });
    if (allowing.by !== "tree") return { ...look, notes: [] };
    return { ...look, notes: await notesAgainst(entries, allowing.tree, { given, show }) };
  } finally {
    await objects?.close();
  }
}

/** Compares files with what a tree has in their places. */
async function notesAgainst(
  entries: readonly Entry[],
  base: Tree,
  { given, show }: { given: FolderTree; show: (path: string) => string },
): Promise<Finding[]> {
  // Names of two stores in turns, before and after.
  const versions = entries.map(({ path, object }) => ({ path, before: path, after: object }));
  const store: Store = async (names, take) => {
    for (const [index, name] of names.entries())
      await (index % 2 === 0 ? base : given).read([name], (content) => take(content, index));
  };
  return changeNotes(versions, store, show);
}

type Repository = { git: StartGit | null; objects: GitObjects | null; io: Io };

/** In CI the files are those of whoever asks for a merge: there his comments count for nothing. */
async function allowingBy(base: string | null, { git, objects, io }: Repository): Promise<Allowing> {
  if (base === null || git === null || objects === null)
    return /^(?:|0|false)$/i.test(io.env["CI"] ?? "") ? { by: "file" } : { by: "nobody" };
  return { by: "tree", tree: gitTree(objects, await commitOf(git, base)) };
}

function entryOf({ path, object, commit }: ChangedFile, tree: Tree): Entry {
  return { path, object, commit, tree };
}

function versionsOf(files: readonly ChangedFile[]): Versions[] {
  return files.flatMap(({ path, object, before }) =>
    before === null ? [] : [{ path, before, after: object }],
  );
}

/** A path from the root, where it lies below it. */
function fromRoot(real: string, root: string): string {
  return real.startsWith(root) ? real.slice(root.length) : real.replace(/^\/+/, "");
}

function gitOf({ git }: Io): StartGit {
  if (git === undefined) throw new UnlookedError("there is no Git here", "name files to look at");
  return git;
}

import { InputError } from "../../shared/errors.ts";
import { askGit, type ChangedFile, changesIn, RAW, type StartGit } from "../guard/git-listing.ts";
import { type Content, GitObjects } from "../guard/git-objects.ts";
import { UnlookedError } from "../guard/unlooked-error.ts";
import type { Io } from "../io.ts";
import { mayHoldSealedSecret } from "../manifest-reading.ts";
import { readInventoriedFile } from "./read-file.ts";
import type { Inventory, InventoryProblem, SealedObject } from "./sealed-object.ts";

/** What may hold manifests, wherever it lies. */
const MANIFESTS = ["yaml", "yml", "json"].map((ending) => `:(top,icase,glob)**/*.${ending}`);

/**
 * Every SealedSecret in any commit of any reference of the repository of the working folder. A content is looked at once, where
 * it first stood; all of it is anybody's input.
 * @param namespace of objects that name none; null to leave them without one.
 * @returns the objects, oldest commit first, and what could not be read: one line for each path.
 * @throws InputError when there is no repository, or Git cannot be run.
 */
export async function objectsInHistory(
  { git }: Pick<Io, "git">,
  namespace: string | null,
): Promise<Inventory> {
  if (git === undefined) throw new InputError("Git cannot be run here", "leave --history out");
  // What refs/replace puts in the place of a commit is not what everybody has.
  const start: StartGit = (args) => git(["--no-replace-objects", ...args]);
  try {
    return await readHistory(start, namespace);
  } catch (error) {
    if (error instanceof UnlookedError) throw new InputError(error.message, error.hint, { cause: error });
    throw error;
  }
}

async function readHistory(git: StartGit, namespace: string | null): Promise<Inventory> {
  const reading: Reading = { objects: [], unread: new Map(), namespace };
  const files = await filesOfHistory(git);
  const objects = new GitObjects(await git(["cat-file", "--batch"]));
  try {
    await objects.read(
      files.map(({ object }) => object),
      (content, index) => readVersion(content, files[index], reading),
    );
  } finally {
    await objects.close();
  }
  const problems = [...reading.unread].map(([path, { first, problem, next, versions }]) => {
    const others = versions === 1 ? "" : `, and ${versions - 1} more of its versions`;
    return { where: `${path} in commit ${first}${others}`, problem, next };
  });
  return { objects: reading.objects, problems: [...(await cutHistory(git)), ...problems] };
}

/** Each content once, with the oldest commit that has it. */
async function filesOfHistory(git: StartGit): Promise<ChangedFile[]> {
  const commits = await askGit(
    git,
    ["rev-list", "--reverse", "--topo-order", "--all", "--stdin"],
    await stashes(git),
  );
  // What a merge takes from one of its parents stands with the commits of that parent.
  const flags = ["diff-tree", "--stdin", "-r", "-c", "--root", ...RAW, "--", ...MANIFESTS];
  const listed = await askGit(git, flags, commits.text);
  if (commits.code !== 0 || listed.code !== 0) {
    throw new InputError(
      "Git could not list the commits of this repository",
      "run it inside of the repository; git log --all says what is wrong",
    );
  }
  const files = new Map<string, ChangedFile>();
  for (const file of changesIn(listed.text).files) if (!files.has(file.object)) files.set(file.object, file);
  return [...files.values()];
}

/** Names of all stashes, a line each: the reference leads to the newest alone. Without any, Git fails and prints nothing. */
async function stashes(git: StartGit): Promise<string> {
  const { text } = await askGit(git, [
    "reflog",
    "show",
    "--no-show-signature",
    "--format=%H",
    "refs/stash",
    "--",
  ]);
  return text;
}

async function cutHistory(git: StartGit): Promise<InventoryProblem[]> {
  const { text } = await askGit(git, ["rev-parse", "--is-shallow-repository"]);
  if (text.trim() !== "true") return [];
  return [
    {
      where: "the history",
      problem: "this clone is shallow, and lacks older commits",
      next: "git fetch --unshallow (actions/checkout: fetch-depth: 0)",
    },
  ];
}

type Unread = { first: string; problem: string; next: string; versions: number };
type Reading = { objects: SealedObject[]; unread: Map<string, Unread>; namespace: string | null };

function readVersion(content: Content | null, file: ChangedFile | undefined, reading: Reading): void {
  if (file === undefined) return;
  const { path } = file;
  const commit = file.commit ?? "";
  const tell = (problem: string, next: string) => {
    const before = reading.unread.get(path);
    if (before !== undefined) before.versions += 1;
    else reading.unread.set(path, { first: commit.slice(0, 12), problem, next, versions: 1 });
  };
  if (content === null) {
    tell("its content is not there", "in a partial clone, fetch it first: git fetch --refetch");
    return;
  }
  const { bytes, isCut } = content;
  // Most of a history is of other files; what was cut off may hold anything.
  if (!isCut && !mayHoldSealedSecret(bytes)) return;
  if (isCut) {
    tell("it is longer than 16 MiB", "look at it by hand: no SealedSecret is as long");
    return;
  }
  const { file: read, problems } = readInventoriedFile(bytes, {
    path,
    isNamed: false,
    where: `${path} in commit ${commit.slice(0, 12)}`,
    originAt: (line) => ({ kind: "commit", commit, path, line }),
    namespace: reading.namespace,
  });
  reading.objects.push(...(read?.objects ?? []));
  const [first] = problems;
  if (first !== undefined) tell(first.problem, first.next);
}

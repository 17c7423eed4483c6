import { InputError } from "../../shared/errors.ts";
import type { ChangedFile, StartGit } from "../guard/git-listing.ts";
import { type Content, GitObjects } from "../guard/git-objects.ts";
import { UnlookedError } from "../guard/unlooked-error.ts";
import type { Io } from "../io.ts";
import { mayHoldSealedSecret } from "../manifest-reading.ts";
import { listHistory, partialClone } from "./history-listing.ts";
import { readInventoriedFile } from "./read-file.ts";
import type { Inventory, InventoryProblem, SealedObject } from "./sealed-object.ts";
import { whyStoredElsewhere } from "./stored-elsewhere.ts";

/** How a history is read. */
export type HistoryReading = {
  /** Of objects that name none; null to leave them without one. */
  namespace: string | null;
  /** Names of Git's objects whose content need not be read: what cannot be is passed over, and told of as such. */
  allowed?: ReadonlySet<string>;
};

/** What a history holds, and beside it what was passed over and what is no part of it. */
export type HistoryInventory = Inventory & {
  passedOver: readonly InventoryProblem[];
  notes: readonly InventoryProblem[];
};

/**
 * Every SealedSecret in any commit of the repository of the working folder, of any reference and reflog. A content is looked at once,
 * where it first stood; all of it is anybody's input.
 * @returns the objects, oldest commit first, and what could not be read: one line for each path.
 * @throws InputError when there is no repository, or Git cannot be run.
 */
export async function objectsInHistory(
  { git }: Pick<Io, "git">,
  how: HistoryReading,
): Promise<HistoryInventory> {
  if (git === undefined) throw new InputError("Git cannot be run here", "leave --history out");
  // What refs/replace puts in the place of a commit is not what everybody has.
  const start: StartGit = (args) => git(["--no-replace-objects", ...args]);
  try {
    return await readHistory(start, how);
  } catch (error) {
    if (error instanceof UnlookedError) throw new InputError(error.message, error.hint, { cause: error });
    throw error;
  }
}

async function readHistory(
  git: StartGit,
  { namespace, allowed = new Set() }: HistoryReading,
): Promise<HistoryInventory> {
  const { files, problems, notes } = await listHistory(git);
  const reading: Reading = { objects: [], unread: new Map(), passedOver: new Map(), namespace, allowed };
  const objects = new GitObjects(await git(["cat-file", "--batch"]));
  try {
    await objects.read(
      files.map(({ object }) => object),
      (content, index) => readVersion(content, files[index], reading),
    );
  } catch (error) {
    const partial = error instanceof UnlookedError ? await partialClone(git) : null;
    throw partial ?? error;
  } finally {
    await objects.close();
  }
  const isAllowed = ({ objects: names = [] }: InventoryProblem) => names.some((name) => allowed.has(name));
  return {
    objects: reading.objects,
    problems: [...problems.filter((problem) => !isAllowed(problem)), ...problemsOf(reading.unread)],
    passedOver: [...problems.filter(isAllowed), ...problemsOf(reading.passedOver)],
    notes,
  };
}

/** What could not be read of a path: the first of its versions, and the names of all. */
type Unread = { first: string; problem: string; next: string; objects: string[] };
type Reading = Required<HistoryReading> & {
  objects: SealedObject[];
  unread: Map<string, Unread>;
  passedOver: Map<string, Unread>;
};

function problemsOf(unread: ReadonlyMap<string, Unread>): InventoryProblem[] {
  return [...unread].map(([path, { first, problem, next, objects }]) => {
    const others = objects.length === 1 ? "" : `, and ${objects.length - 1} more of its versions`;
    return { where: `${path} in commit ${first}${others}`, problem, next, objects };
  });
}

function readVersion(content: Content | null, file: ChangedFile | undefined, reading: Reading): void {
  if (file === undefined) return;
  const { path, object } = file;
  const commit = file.commit ?? "";
  const tell = (problem: string, next: string) => {
    const among = reading.allowed.has(object) ? reading.passedOver : reading.unread;
    const before = among.get(path);
    if (before !== undefined) before.objects.push(object);
    else among.set(path, { first: commit.slice(0, 12), problem, next, objects: [object] });
  };
  if (content === null) {
    tell("its content is not there", "in a partial clone, fetch it first: git fetch --refetch --no-filter");
    return;
  }
  const { bytes, isCut } = content;
  const isElsewhere = whyStoredElsewhere(bytes) !== null;
  // Most of a history is of other files; what was cut off may hold anything.
  if (!isCut && !isElsewhere && !mayHoldSealedSecret(bytes)) return;
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

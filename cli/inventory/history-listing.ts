import { InputError } from "../../shared/errors.ts";
import { askGit, type ChangedFile, changesIn, RAW, type StartGit } from "../guard/git-listing.ts";
import type { InventoryProblem } from "./sealed-object.ts";

/** What may hold manifests, wherever it lies. */
const MANIFESTS = ["yaml", "yml", "json"].map((ending) => `:(top,icase,glob)**/*.${ending}`);
/** Git reads it at the root alone. */
const SUBMODULES = ".gitmodules";

/** What a history holds: each content of a manifest once, with the oldest commit that has it. */
export type ListedHistory = {
  files: ChangedFile[];
  /** What keeps it from being whole. */
  problems: InventoryProblem[];
  /** What is no part of it, and may hold more. */
  notes: InventoryProblem[];
};

/**
 * Lists the files of all commits that a reference leads to, or that a reflog of this clone remembers: amended, rebased away, stashed.
 * @throws InputError when Git cannot list them.
 */
export async function listHistory(git: StartGit): Promise<ListedHistory> {
  const commits = await askGit(git, ["rev-list", "--reverse", "--topo-order", "--all", "--reflog"]);
  // What a merge takes from one of its parents stands with the commits of that parent.
  const flags = ["diff-tree", "--stdin", "-r", "-c", "--root", ...RAW, "--"];
  const listed = await askGit(git, [...flags, ...MANIFESTS, `:(top,literal)${SUBMODULES}`], commits.text);
  if (commits.code !== 0 || listed.code !== 0) throw await notListed(git);
  const files = new Map<string, ChangedFile>();
  let hasSubmodules = false;
  for (const file of changesIn(listed.text).files) {
    if (file.path === SUBMODULES) hasSubmodules = true;
    else if (!files.has(file.object)) files.set(file.object, file);
  }
  return {
    files: [...files.values()],
    problems: [...(await cutHistory(git)), ...(await withoutCommit(git))],
    notes: hasSubmodules ? [OTHER_REPOSITORIES] : await unnamedSubmodules(git),
  };
}

const OTHER_REPOSITORIES = {
  where: SUBMODULES,
  problem: "submodules have histories of their own, which were not looked at",
  next: "run the same in each of them",
};

/** A tree may hold commits of other repositories that no `.gitmodules` names, as after a clone within a clone was added. */
async function unnamedSubmodules(git: StartGit): Promise<InventoryProblem[]> {
  const { code, text } = await askGit(git, ["ls-tree", "-r", "-z", "--full-tree", "HEAD"]);
  if (code !== 0) return [];
  const [first, ...others] = text
    .split("\0")
    .flatMap((entry) => /^160000 commit [^\t]*\t(.*)$/s.exec(entry)?.[1] ?? []);
  if (first === undefined) return [];
  return [
    { ...OTHER_REPOSITORIES, where: others.length === 0 ? first : `${first} and ${others.length} more` },
  ];
}

async function notListed(git: StartGit): Promise<InputError> {
  const partial = await partialClone(git);
  if (partial !== null) return partial;
  return new InputError(
    "Git could not list the commits of this repository",
    "run it inside of the repository; git log --all says what is wrong",
  );
}

/** What is wrong where objects are missing that a partial clone would fetch; null in any other clone. */
export async function partialClone(git: StartGit): Promise<InputError | null> {
  const { text } = await askGit(git, ["config", "--get-regexp", "^remote\\..*\\.promisor$"]);
  if (!/ true$/m.test(text)) return null;
  return new InputError(
    "this clone is partial, and lacks contents of its history; none are fetched here",
    "fetch them first: git fetch --refetch --no-filter",
  );
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

/** Tags, and other references, may lead to files and folders that no commit has. */
async function withoutCommit(git: StartGit): Promise<InventoryProblem[]> {
  const format = "--format=%(objecttype) %(*objecttype) %(refname)";
  const { text } = await askGit(git, ["for-each-ref", format]);
  const names = text.split("\n").flatMap((line) => {
    const [, type, tagged, name] = /^(\S+) (\S*) (.+)$/.exec(line) ?? [];
    return name === undefined || type === "commit" || tagged === "commit" ? [] : [name];
  });
  if (names.length === 0) return [];
  const asked = names.map((name) => `${name}^{}\n`).join("");
  const types = await askGit(git, ["cat-file", "--batch-check"], asked);
  const lines = types.text.split("\n");
  return names.flatMap((name, index) => {
    const [object = "", type] = (lines[index] ?? "").split(" ");
    if (type === "commit") return [];
    return [
      {
        where: name,
        problem: "it leads to no commit, and what it leads to is not looked at",
        next: "look at it by hand: git show",
        ...(type === "blob" || type === "tree" ? { objects: [object] } : {}),
      },
    ];
  });
}

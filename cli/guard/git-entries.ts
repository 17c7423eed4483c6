import { askGit, type ChangedFile, changesIn, indexedFiles, RAW, type StartGit } from "./git-listing.ts";
import { UnlookedError } from "./unlooked-error.ts";

/** No object has this name; hooks are given it for a branch that is made or deleted. */
const NOTHING = /^0{40}(?:0{24})?$/;

/**
 * Files whose staged content differs from the last commit, or the staged content of files that are named.
 * @param paths from the working folder.
 */
export async function stagedFiles(git: StartGit, paths: readonly string[]): Promise<ChangedFile[]> {
  if (paths.length > 0) return namedFiles(git, paths);
  const { code, text } = await askGit(git, ["-c", "diff.relative=false", "diff", "--cached", ...RAW]);
  if (code !== 0)
    throw new UnlookedError(
      "Git could not list what is staged",
      "run git status here: it says what is wrong",
    );
  const { files, unmerged } = changesIn(text);
  if (!unmerged) return files;
  const conflicts = await askGit(git, ["ls-files", "-u", "-s", "-z", "--full-name", ":/"]);
  return [...files, ...indexedFiles(conflicts.text)];
}

async function namedFiles(git: StartGit, paths: readonly string[]): Promise<ChangedFile[]> {
  const args = [
    "--literal-pathspecs",
    "ls-files",
    "-s",
    "-z",
    "--full-name",
    "--error-unmatch",
    "--",
    ...paths,
  ];
  const { code, text } = await askGit(git, args);
  if (code !== 0)
    throw new UnlookedError(
      "a file that is named is not in the index, or Git could not read it",
      "see git ls-files; a new file is there once it is added",
    );
  return indexedFiles(text);
}

/** The two ends of a range; `from` is null where it begins with nothing that anybody has. */
export type Range = { from: string | null; to: string };

/**
 * Reads `A..B`, where B is HEAD when left out.
 * @returns null when there is nothing to look at, since B is the name of no commit, as hooks write it.
 * @throws UnlookedError when it is no range, or names what is not there.
 */
export async function readRange(git: StartGit, text: string): Promise<Range | null> {
  const [, from = "", to = ""] = /^(.+?)\.\.(?!\.)(.*)$/.exec(text) ?? [];
  if (from === "") throw new UnlookedError(`--range takes A..B`, "write --range origin/main..HEAD");
  if (NOTHING.test(to)) return null;
  return {
    from: NOTHING.test(from) ? null : await commitOf(git, from),
    to: await commitOf(git, to === "" ? "HEAD" : to),
  };
}

/** The commit that a name leads to. @throws UnlookedError when it leads to none. */
export async function commitOf(git: StartGit, name: string): Promise<string> {
  const isFlag = name.startsWith("-");
  const args = ["rev-parse", "--verify", "--quiet", `${name}^{commit}`];
  const { code, text } = isFlag ? { code: 1, text: "" } : await askGit(git, args);
  if (code === 0) return text.trim();
  throw new UnlookedError(
    `there is no commit ${JSON.stringify(name)} here`,
    "fetch it first; a shallow clone lacks older ones (actions/checkout with fetch-depth: 0 has all)",
  );
}

/**
 * Every file that a commit of a range adds or changes, oldest commit first; what a merge brings from one of its parents stands
 * with the commits of that parent.
 * @param isReceiving commits are being pushed to this repository, and no reference has them yet.
 * @param paths from the working folder; none for all.
 */
export async function filesOfRange(
  git: StartGit,
  { from, to }: Range,
  { isReceiving, paths }: { isReceiving: boolean; paths: readonly string[] },
): Promise<ChangedFile[]> {
  // Where a branch is new, what nobody has: on a server in no branch, elsewhere in none of a server.
  const without = from === null ? ["--not", isReceiving ? "--all" : "--remotes"] : [`^${from}`];
  const commits = await askGit(git, ["rev-list", "--reverse", "--topo-order", to, ...without]);
  const flags = ["--literal-pathspecs", "diff-tree", "--stdin", "-r", "-c", "--root", ...RAW];
  const listed = await askGit(git, [...flags, ...(paths.length === 0 ? [] : ["--", ...paths])], commits.text);
  if (commits.code !== 0 || listed.code !== 0) throw cannotList();
  return changesIn(listed.text).files;
}

/** Files that differ between where a range left the base and its end. */
export async function differencesOf(git: StartGit, from: string, to: string): Promise<ChangedFile[]> {
  const { code, text } = await askGit(git, ["-c", "diff.relative=false", "diff", ...RAW, `${from}...${to}`]);
  // Without a common ancestor there is nothing to compare.
  return code === 0 ? changesIn(text).files : [];
}

function cannotList(): UnlookedError {
  return new UnlookedError(
    "Git could not list the commits of the range",
    "run git log with the same range: it says what is wrong",
  );
}

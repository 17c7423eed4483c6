import type { GitProcess } from "../io.ts";
import { UnlookedError } from "./unlooked-error.ts";

/** Starts Git with arguments. */
export type StartGit = (args: readonly string[]) => Promise<GitProcess>;

/** What came of a run of Git. */
export type GitAnswer = { code: number | null; text: string };

/**
 * Runs Git to its end.
 * @throws UnlookedError when there is no Git.
 */
export async function askGit(git: StartGit, args: readonly string[], input = ""): Promise<GitAnswer> {
  const process = await git(args);
  if (input !== "") process.write(input);
  process.end();
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.output) chunks.push(chunk);
  const code = await process.ended;
  if (code === null) throw new UnlookedError("Git could not be run", "install Git, or name files to look at");
  const decoder = new TextDecoder();
  const text = chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
  return { code, text };
}

/** A file that a commit, or what is staged, adds or changes. Links and submodules are none. */
export type ChangedFile = {
  /** From the root of the repository. */
  path: string;
  /** Its content. */
  object: string;
  /** What it was before; null when it is new, or was merged. */
  before: string | null;
  /** The commit; null for what is staged. */
  commit: string | null;
};

const OBJECT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
const NONE = /^0+$/;

/** The flags that have Git list changes as `changesIn` reads them, whatever the user's configuration says. */
export const RAW = ["--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--no-textconv"] as const;

/**
 * Reads what `git diff --raw -z` and `git diff-tree --stdin -c -z` print.
 * @returns the files; of one in conflict only `unmerged` tells.
 */
export function changesIn(text: string): { files: ChangedFile[]; unmerged: boolean } {
  const fields = text.split("\0");
  const files: ChangedFile[] = [];
  let commit: string | null = null;
  let unmerged = false;
  for (let at = 0; at < fields.length; at++) {
    const field = fields[at] ?? "";
    if (OBJECT.test(field)) commit = field;
    if (!field.startsWith(":")) continue;
    at += 1;
    const path = fields[at] ?? "";
    const words = field.replace(/^:+/, "").split(" ");
    const parents = field.lastIndexOf(":") + 1;
    if (words.at(-1)?.startsWith("U") === true) unmerged = true;
    const [mode = "", object = ""] = [words[parents], words[2 * parents + 1]];
    if (!mode.startsWith("100") || !OBJECT.test(object) || NONE.test(object)) continue;
    const [before = ""] = parents === 1 ? [words[2]] : [];
    const isKnown = OBJECT.test(before) && !NONE.test(before) && words[0]?.startsWith("100") === true;
    files.push({ path, object, before: isKnown ? before : null, commit });
  }
  return { files, unmerged };
}

/** Reads what `git ls-files -s -z` prints. */
export function indexedFiles(text: string): ChangedFile[] {
  return text.split("\0").flatMap((line) => {
    const [, mode = "", object = "", path = ""] = /^(\d+) ([0-9a-f]+) \d\t([\s\S]*)$/.exec(line) ?? [];
    return mode.startsWith("100") ? [{ path, object, before: null, commit: null }] : [];
  });
}

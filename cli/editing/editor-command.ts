import { UsageError } from "../../shared/errors.ts";

/** How an editor is started so that it keeps no copy of what it edits. */
export type EditorCommand = {
  words: readonly string[];
  /** Its name, for people. */
  name: string;
  /** Whether we know how to keep it from leaving copies elsewhere. */
  isKnown: boolean;
};

const VIM_QUIET = "set noswapfile nobackup nowritebackup noundofile viminfo= history=0 nomodeline";
const NVIM_QUIET = "set noswapfile nobackup nowritebackup noundofile shada= history=0 nomodeline";
const EMACS_QUIET =
  "(progn (setq make-backup-files nil backup-inhibited t auto-save-default nil auto-save-list-file-prefix nil create-lockfiles nil auto-save-visited-mode nil history-length 0) (when (fboundp 'savehist-mode) (savehist-mode -1)) (when (fboundp 'recentf-mode) (recentf-mode -1)) (when (fboundp 'desktop-save-mode) (desktop-save-mode -1)))";
// What -c says comes after the file was read, and its modelines; what --cmd sets the user's own file may set anew.
const NO_MODELINES = ["--cmd", "au BufReadPre * setl nomodeline"];
const VIM = ["-n", "-i", "NONE", ...NO_MODELINES, "-c", VIM_QUIET];

/** What is put before the file, by the program that its name leads to. */
const QUIET: readonly (readonly [program: RegExp, words: readonly string[]])[] = [
  [/^(?:vim(?:\.[a-z0-9]+)?|vimx)$/, VIM],
  [/^gvim$|^mvim$/, [...VIM, "--nofork"]],
  [/^nvim$/, ["-n", "-i", "NONE", ...NO_MODELINES, "-c", NVIM_QUIET]],
  [/^nano$/, ["--ignorercfiles"]],
  [/^emacs(?:[-.0-9a-z]*)$/, ["--eval", EMACS_QUIET]],
  // These write nothing but the file.
  [/^(?:hx|helix|ed|busybox)$/, []],
];

/** VS Code keeps copies of what was saved below its data folder, so that it gets one that is wiped. */
const CODES: readonly string[] = ["code", "code-insiders", "codium", "vscodium"];

/**
 * The user's editor, without what leaves copies behind: swap, backup, undo and history files.
 * @param env `SIGNET_EDITOR`, `VISUAL` or `EDITOR`: a program and its arguments, in quotes where they have spaces; vi for none.
 * @param nameOf the name of the file that a program's name leads to, links followed.
 * @throws UsageError when quotes do not match.
 */
export function editorCommand(
  env: Readonly<Record<string, string | undefined>>,
  nameOf: (program: string) => string,
): EditorCommand {
  const variable = ["SIGNET_EDITOR", "VISUAL", "EDITOR"].find((name) => (env[name] ?? "").trim() !== "");
  const words = wordsOf(variable === undefined ? "vi" : (env[variable] ?? ""), variable ?? "");
  const [program = "vi"] = words;
  const name = baseName(program);
  if (CODES.includes(name)) {
    const more = ["--wait", "--new-window", "--disable-extensions", "--user-data-dir", PRIVATE_FOLDER];
    return { words: [...words, ...more], name, isKnown: true };
  }
  const real = baseName(nameOf(program));
  const quiet = QUIET.find(([known]) => known.test(real))?.[1];
  const [, ...own] = words;
  return { words: [program, ...(quiet ?? []), ...own], name, isKnown: quiet !== undefined };
}

function baseName(program: string): string {
  return program.replace(/^.*[\\/]/, "").replace(/\.(?:exe|cmd)$/i, "");
}

/** Stands in a command for a folder inside the private one. */
export const PRIVATE_FOLDER = "{private folder}";

function wordsOf(text: string, variable: string): string[] {
  const words: string[] = [];
  const word = /\s*((?:"[^"]*"|'[^']*'|[^\s"'])+)/y;
  const trimmed = text.trim();
  while (word.lastIndex < trimmed.length) {
    const found = word.exec(trimmed);
    if (found === null) {
      throw new UsageError(
        `a quote is misplaced in ${variable}`,
        `set ${variable} to a program and its arguments`,
      );
    }
    words.push((found[1] ?? "").replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
  }
  return words;
}

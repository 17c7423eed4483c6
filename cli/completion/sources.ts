import type { Command } from "../command.ts";
import { HELP_SUMMARY } from "../help.ts";
import type { OptionSpec, OptionTable } from "../options.ts";

/** What there is to complete. */
export type CompletionSources = {
  /** Flags that stand without a command word. */
  options: OptionTable;
  /** Commands with their flags. */
  commands: readonly CompletedCommand[];
  /** What `help` has pages on. */
  topics: readonly string[];
  shells: readonly string[];
};

/** What there is to complete of one command. */
export type CompletedCommand = {
  name: string;
  summary: string;
  options: OptionTable;
  words?: readonly string[];
  /** Where each of those words takes flags of its own. */
  actions?: readonly CompletedAction[];
};

/** One of its words, with the flags that go with it. */
export type CompletedAction = { name: string; takesFiles: boolean; options: OptionTable };

/** A command, and the flags of each of its actions: what its page lists, and what no page lists. */
export async function completedCommand(command: Command<OptionTable>): Promise<CompletedCommand> {
  const { name, summary, options, words, actions } = command;
  const known = { name, summary, options, ...(words === undefined ? {} : { words }) };
  if (actions === undefined) return known;
  const all = Object.keys(options);
  const pages = await Promise.all(
    actions.map(async (action) => ({ action, flags: (await action.page()).flags ?? all })),
  );
  const listed = new Set(pages.flatMap(({ flags }) => flags));
  const completed = pages.map(({ action, flags }) => ({
    name: action.name,
    takesFiles: action.takesFiles,
    options: Object.fromEntries(
      Object.entries(options).filter(([flag]) => flags.includes(flag) || !listed.has(flag)),
    ),
  }));
  return { ...known, actions: completed };
}

/** What may stand first, with what it is for: the commands, and `help`. */
export function firstWords(commands: readonly CompletedCommand[]): { name: string; summary: string }[] {
  return [...commands, { name: "help", summary: HELP_SUMMARY }];
}

/** Names the program is called by. */
export const PROGRAMS = ["signet", "kubectl-signet", "kubeseal"] as const;

/** What a flag's value may be, as far as it can be completed. */
export type Completable = "file" | "folder" | "manifest" | readonly string[] | null;

/** Flags whose files are manifests. */
const MANIFESTS = new Set(["secret-file", "sealed-secret-file", "merge-into"]);

/**
 * How a flag's value is completed, by what the help calls it: `FILE` and `PATH` are files, `FOLDER` is a folder, small
 * words with bars between them are all there is.
 */
export function completable(flag: string, { value = "", kind }: OptionSpec): Completable {
  if (kind === "switch" || kind === "level") return null;
  if (MANIFESTS.has(flag)) return "manifest";
  if (/^[a-z|-]+$/.test(value)) return value.split("|");
  if (/^FOLDER$/.test(value)) return "folder";
  return /^(?:FILE|PATH)\b/.test(value) ? "file" : null;
}

/** Whether a flag takes a value in the next word. */
export function takesValue({ kind }: OptionSpec): boolean {
  return kind !== "switch" && kind !== "level";
}

/** How a flag is typed: after two dashes, or one where its name is its letter. */
export function typedForms(flag: string, { short }: OptionSpec): string[] {
  const long = `--${flag}`;
  return short === undefined ? [long] : [`-${short}`, ...(flag === short ? [] : [long])];
}

import type { Io } from "./io.ts";
import type { OptionTable, OptionValues } from "./options.ts";

/** One thing the program can do. */
export type Command<Table extends OptionTable> = {
  /** As it is typed: a command word, or the flag that asks for it. */
  name: string;
  /** One line of help, in small letters, without a full stop. */
  summary: string;
  options: Table;
  /** Words of which one may stand behind it; files else. */
  words?: readonly string[];
  /** What those words do, where each has a page of its own in the help. */
  actions?: readonly CommandAction[];
  /** Its page in the help. What is loaded when a stream is sealed has its page in cli/help/ instead. */
  page?: HelpPage;
  /**
   * Does it. Standard output gets the product only.
   * @throws SealError when it is refused or fails.
   */
  run(context: CommandContext<Table>): Promise<void>;
};

/** One thing that a command does, asked for by the word behind its own. */
export type CommandAction = {
  name: string;
  /** One line of help, as that of a command. */
  summary: string;
  /** Whether files may stand behind it. */
  takesFiles: boolean;
  page(): Promise<HelpPage>;
};

/** What a command is run with. */
export type CommandContext<Table extends OptionTable> = {
  options: OptionValues<Table>;
  /** Arguments that are no flags, without the command word: files, folders and globs as a rule. */
  positionals: readonly string[];
  io: Io;
};

/** The texts of a command's page in the help; its flags come from its table. Paragraphs are wrapped when shown. */
export type HelpPage = {
  /** Command lines without the program's name: `--raw --name NAME [flags] < FILE`. */
  usage: readonly string[];
  /** Paragraphs. */
  description: readonly string[];
  /** Flags to list, by name, in this order; all of the table when not given. */
  flags?: readonly string[];
  /** What flags mean here, where their table says it for several actions at once. */
  summaries?: Readonly<Record<string, string>>;
  /** What flags take here, where their table names more than that. */
  values?: Readonly<Record<string, string>>;
  /** Complete command lines, which call the program `signet`. Each must run in test/cli/help-examples.test.ts. */
  examples: readonly { what: string; command: string }[];
  /** Codes and what they mean, where they differ from 0, 1 and 2. */
  exitCodes?: readonly (readonly [code: string, meaning: string])[];
  /** Files it reads or writes beside those that are named. */
  files?: readonly (readonly [path: string, meaning: string])[];
  /** Variables that matter beside those of its flags. */
  environment?: readonly (readonly [variable: string, meaning: string])[];
};

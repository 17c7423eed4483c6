import type { Io } from "./io.ts";
import type { OptionTable, OptionValues } from "./options.ts";

/** One thing the program can do. */
export type Command<Table extends OptionTable> = {
  /** As it is typed: a command word, or the flag that asks for it. */
  name: string;
  /** One line of help, in small letters, without a full stop. */
  summary: string;
  options: Table;
  /**
   * Does it. Standard output gets the product only.
   * @throws SealError when it is refused or fails.
   */
  run(context: CommandContext<Table>): Promise<void>;
};

/** What a command is run with. */
export type CommandContext<Table extends OptionTable> = {
  options: OptionValues<Table>;
  /** Arguments that are no flags, without the command word: files, folders and globs as a rule. */
  positionals: readonly string[];
  io: Io;
};

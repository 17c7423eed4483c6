/** One flag, named as it is typed after the two dashes. */
export type OptionSpec = {
  /** One letter, typed after one dash. */
  short?: string;
  /**
   * What it takes: nothing or `=true`/`=false` (`switch`), a text, texts split at commas (`list`), texts as they are
   * (`repeated`), a whole number or nothing (`level`).
   */
  kind: "switch" | "text" | "list" | "repeated" | "level";
  /** Name of the value in help: `FILE`. */
  value?: string;
  /** One line of help, in small letters, without a full stop. */
  summary: string;
  group: "seal" | "files" | "cluster" | "mode" | "logging" | "general";
};

/** A set of flags by name. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

type ValueOf<Kind extends OptionSpec["kind"]> = Kind extends "switch"
  ? boolean
  : Kind extends "text"
    ? string | null
    : Kind extends "level"
      ? number
      : string[];

/** The values of a table's flags. An empty text is null, like a flag that was not given. */
export type OptionValues<Table extends OptionTable> = { [Name in keyof Table]: ValueOf<Table[Name]["kind"]> };

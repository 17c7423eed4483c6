import { generalOptions, type OptionTable, type OptionValues } from "../options.ts";

/** Flags of `signet guard`. */
export const guardOptions = {
  staged: {
    kind: "switch",
    group: "mode",
    summary: "look at what is staged, not at the working folder; all changes when no file is named",
  },
  range: {
    kind: "text",
    value: "A..B",
    group: "mode",
    summary: "look at each commit from A to B, also at what a later one takes out again",
  },
  base: {
    kind: "text",
    value: "REF",
    group: "mode",
    summary: "let only allow comments count that are there; with --range it is A when not given",
  },
  format: {
    kind: "text",
    value: "text|json|sarif",
    group: "files",
    summary: "form of the report; text when not given",
  },
  output: {
    kind: "text",
    short: "o",
    value: "FILE",
    group: "files",
    summary: "write the report to this file",
  },
  ...generalOptions,
  verbose: { kind: "switch", group: "general", summary: "tell what was looked at, and what is allowed" },
} as const satisfies OptionTable;

/** What these flags were given as. */
export type GuardOptions = OptionValues<typeof guardOptions>;

import { keyOptions } from "../opening/opening-options.ts";
import { generalOptions, type OptionTable, type OptionValues } from "../options.ts";

/** Flags of `signet git`. */
export const gitOptions = {
  open: {
    kind: "switch",
    group: "mode",
    summary: "textconv: show what values hold; merge: merge SOPS documents in clear, in memory",
  },
  key: keyOptions.key,
  write: {
    kind: "switch",
    group: "mode",
    summary: "setup: write the lines and the configuration, instead of printing them",
  },
  ...generalOptions,
} as const satisfies OptionTable;

/** What these flags were given as. */
export type GitOptions = OptionValues<typeof gitOptions>;

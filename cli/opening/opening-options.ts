import type { OptionTable } from "../options.ts";

/** Which private keys to open with. */
export const keyOptions = {
  key: {
    kind: "list",
    value: "PATH",
    group: "seal",
    summary: "private keys: PEM files, backups of key Secrets, folders; - for stdin",
  },
  "recovery-private-key": {
    kind: "list",
    value: "PATH",
    group: "seal",
    summary: "the same, by kubeseal's name",
  },
} as const satisfies OptionTable;

/** What templates may do when they are rendered here. */
export const templateOptions = {
  "allow-nondeterministic-templates": {
    kind: "switch",
    group: "seal",
    summary: "let templates call functions that are random, costly or read the clock",
  },
} as const satisfies OptionTable;

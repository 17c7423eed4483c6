import type { HelpPage } from "../../command.ts";
import { CALLING_WRAPPERS, KEYS_ANYWHERE, LOOKING, LOOKING_SUMMARIES } from "./keys-flags.ts";

/** `keys list` */
export const page: HelpPage = {
  usage: ["keys list [-o table|wide|json] [--open] [--in PATH,...] [flags]"],
  description: [
    "Lists every sealing key in the controller's namespace, in use or not: its state, whether it seals, its age, when its certificate ends, whether a backup is confirmed, and how many values of how many objects need it, in the cluster and in the trees of --in. -o wide adds what wraps it and its promotion.",
    "What needs a key is what SealedSecrets claim of themselves, which anybody may edit; --open opens all of them and counts what does. Nothing is written.",
    "It takes the right to list Secrets in that namespace, and to list SealedSecrets of all namespaces; without the latter the rest is told.",
  ],
  flags: ["format", "open", ...LOOKING, ...CALLING_WRAPPERS, ...KEYS_ANYWHERE],
  summaries: {
    ...LOOKING_SUMMARIES,
    format: "a table for people, with more columns, or JSON",
    open: "open values with the keys, rather than believe what they say",
  },
  examples: [
    { what: "See what keys there are", command: "signet keys list" },
    {
      what: "Count what really needs each, in the cluster and in a tree",
      command: "signet keys list --open --in apps",
    },
  ],
};

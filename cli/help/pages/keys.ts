import type { HelpPage } from "../../command.ts";
import { KEYS_ANYWHERE, KEYS_SUMMARIES } from "./keys-flags.ts";

/** `keys`: the page over those of its actions. */
export const page: HelpPage = {
  usage: ["keys ACTION [flags] [NAME|FINGERPRINT...]", "keys ACTION --help"],
  description: [
    "The sealing keys of a controller, and their life. A sealing key is a Secret in the controller's namespace. One seals, the one promoted last, or else the newest; all that are in use open.",
    "It works under your own rights and asks nothing of the controller, which follows the Secrets and takes each change at once. Whoever may list Secrets there has every private key that is not wrapped.",
    "A key is named by its Secret, or by its fingerprint: the whole of it, or as many letters as fit one key only, 8 after SHA256: at least. wrap and unwrap take names of Secrets alone.",
  ],
  flags: KEYS_ANYWHERE,
  summaries: KEYS_SUMMARIES,
  examples: [
    { what: "See what keys there are, and how much needs each", command: "signet keys list" },
    { what: "All about one of the actions", command: "signet keys retire --help" },
    { what: "Make a new key that seals", command: "signet keys new" },
    {
      what: "Retire a key that neither the cluster nor a tree needs any more",
      command: "signet keys retire --in apps sealed-secrets-key7xk2p",
    },
  ],
};

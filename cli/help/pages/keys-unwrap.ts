import type { HelpPage } from "../../command.ts";
import { CALLING_WRAPPERS, KEYS_ANYWHERE, KEYS_SUMMARIES } from "./keys-flags.ts";

/** `keys unwrap` */
export const page: HelpPage = {
  usage: ["keys unwrap [--dry-run] [flags] NAME...|--all"],
  description: [
    "Takes the wrapping off again: the private keys lie open in their Secrets then, as the reference's controller needs them. Each Secret is written in one piece. Interrupted, it says which keys were written, and lie open, and is simply run again.",
    "The key that seals stays wrapped while the controller has --sealing-key-wrap, since only wrapped keys seal there: start it with --sealing-key-unwrap alone first. --ahead-of-controller does it all the same.",
    "It takes the rights to list and update Secrets in the controller's namespace, and to decrypt by the key that wraps them.",
  ],
  flags: ["all", "dry-run", "ahead-of-controller", ...CALLING_WRAPPERS, ...KEYS_ANYWHERE],
  summaries: {
    ...KEYS_SUMMARIES,
    all: "unwrap every sealing key in use",
    "ahead-of-controller": "do it before the controller's options fit",
  },
  examples: [{ what: "Before going back to the other controller", command: "signet keys unwrap --all" }],
};

import type { HelpPage } from "../../command.ts";
import { OPENING_UNDER, VARIABLES } from "./key-services.ts";
import { KEYS_ANYWHERE, KEYS_SUMMARIES } from "./keys-flags.ts";

/** `keys restore` */
export const page: HelpPage = {
  usage: ["keys restore [--with kms:ARN|vault:MOUNT/KEY] [--dry-run] [flags] [FILE]"],
  description: [
    "Copies the keys of a backup, or of Secrets as kubectl prints them, into the cluster; from standard input where no file is named. All are judged before the first is written. Keys that are there stay as they are, another key is never overwritten (the restored one gets a name beside it), and a key that was taken out of use stays out, there or in the backup. What was written is read back, and opens what its certificate seals. A run that broke off is run again.",
    "Restored keys open at once, and seal only once they are promoted by their whole fingerprint, which you compare with what you know of it: signet keys promote FINGERPRINT. Whoever hands you a file could have put a key of his own into it.",
    "It opens the file with your age identities, or with AWS KMS or Vault where you allowed the key. Where the controller has --sealing-key-wrap, give --with. It takes the rights to list and create Secrets in the controller's namespace.",
  ],
  flags: ["with", "dry-run", "cluster-id", ...OPENING_UNDER, ...KEYS_ANYWHERE],
  summaries: {
    ...KEYS_SUMMARIES,
    with: "the key to wrap them by",
    "dry-run": "judge all of them, and write nothing",
  },
  examples: [
    {
      what: "Copy them back, into the same cluster or another",
      command: "signet keys restore sealing-keys.yaml",
    },
  ],
  environment: VARIABLES,
};

import type { HelpPage } from "../../command.ts";
import { CALLING_WRAPPERS, KEYS_ANYWHERE, KEYS_SUMMARIES } from "./keys-flags.ts";

/** `keys new` */
export const page: HelpPage = {
  usage: [
    "keys new [--key-size BITS] [--key-ttl DURATION] [--my-cn NAME] [--key-prefix PREFIX] [--with kms:ARN|vault:MOUNT/KEY] [--without-backup] [--dry-run] [flags]",
  ],
  description: [
    "Makes a sealing key here, as long and as long valid as the one that seals, and writes its Secret under the name that the controller would give it. It is promoted, so that it seals as soon as the controller has seen it; all others open as before.",
    "Where the controller has --sealing-key-wrap, the key is wrapped likewise, by a key that you allowed or that --with names. Where it has --require-backup, the key seals once its backup is confirmed; while one waits for that, no other is made without --without-backup.",
    "It takes the rights to list, create and update Secrets in the controller's namespace, and to get the ConfigMap sealed-secrets-certificate and the Lease.",
  ],
  flags: [
    "key-size",
    "key-ttl",
    "my-cn",
    "key-prefix",
    "with",
    "without-backup",
    "dry-run",
    ...CALLING_WRAPPERS,
    ...KEYS_ANYWHERE,
  ],
  summaries: {
    ...KEYS_SUMMARIES,
    "key-size": "length of the key; that of the key that seals when not given",
    "key-ttl": "validity of the certificate, as 8760h; that of the key that seals when not given",
    "my-cn": "common name in the certificate; that of the key that seals when not given",
    "key-prefix": "begin of the Secret's name, as the controller's option of that name",
    with: "the key to wrap it by",
    "without-backup": "make it though another one waits for its backup",
  },
  examples: [
    { what: "Make a new key that seals", command: "signet keys new" },
    { what: "See what would be made", command: "signet keys new --dry-run" },
  ],
};

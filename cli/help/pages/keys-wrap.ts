import type { HelpPage } from "../../command.ts";
import { CALLING_WRAPPERS, KEYS_ANYWHERE, KEYS_SUMMARIES } from "./keys-flags.ts";

/** `keys wrap` */
export const page: HelpPage = {
  usage: ["keys wrap --with kms:ARN|vault:MOUNT/KEY [--dry-run] [flags] NAME...|--all"],
  description: [
    "Has a key of AWS KMS or Vault encrypt sealing keys in their Secrets, so that whoever reads those has no private key. Each is bound to its cluster, its Secret and its certificate, unwrapped once and compared before its Secret is written, in one piece. Interrupted, it says which keys were written, and is simply run again; keys wrapped by another key move to this one.",
    "The controller must name the wrapping key first, with --sealing-key-wrap or --sealing-key-unwrap, else it would refuse the keys at its next start; --ahead-of-controller does it all the same.",
    "It does not change which key seals: a plain key that would seal once it is wrapped, since it is newer or promoted, is left as it is, told of, and the exit code is 1. Whoever may write Secrets could have put it there. If it is yours, name its Secret, and its fingerprint by --accept-fingerprint. Where it is not known which key seals, keys older than all wrapped ones are wrapped.",
    "Keys of which no backup is confirmed are not wrapped, unless --without-backup is given: without the wrapping key, nothing else would open what they sealed. It takes the rights to list and update Secrets in the controller's namespace, and to encrypt and decrypt by that key.",
  ],
  flags: [
    "with",
    "all",
    "dry-run",
    "accept-fingerprint",
    "without-backup",
    "ahead-of-controller",
    ...CALLING_WRAPPERS,
    ...KEYS_ANYWHERE,
  ],
  summaries: {
    ...KEYS_SUMMARIES,
    with: "the key to wrap sealing keys by",
    all: "wrap every sealing key in use",
    "accept-fingerprint": "with names: wrap these keys though they would seal from then on",
    "without-backup": "wrap keys too of which no backup is confirmed",
    "ahead-of-controller": "do it before the controller names the wrapping key",
  },
  examples: [
    {
      what: "Try whether all keys can be wrapped by a key of Vault",
      command: "signet keys wrap --dry-run --all --with vault:transit/sealing-keys",
    },
    {
      what: "Move one key to Vault",
      command: "signet keys wrap --with vault:transit/sealing-keys sealed-secrets-key7xk2p",
    },
  ],
  exitCodes: [
    ["0", "done, or they were wrapped so already"],
    ["1", "refused or failed, or a key was left as it is; `error:` says why, `hint:` the next step"],
    ["2", "the command line is wrong; nothing was read or written"],
  ],
};

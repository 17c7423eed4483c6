import type { HelpPage } from "../../command.ts";
import { CALLING_WRAPPERS, KEYS_ANYWHERE, LOOKING, LOOKING_SUMMARIES } from "./keys-flags.ts";

/** `keys retire` */
export const page: HelpPage = {
  usage: [
    "keys retire [--in PATH,...] [--dry-run] [flags] NAME|FINGERPRINT...",
    "keys retire --compromised [flags] NAME|FINGERPRINT...",
    "keys retire --force FINGERPRINT,... [flags] NAME|FINGERPRINT...",
  ],
  description: [
    "Takes keys out that nothing needs any more. It opens every value under sealing keys, in the cluster and in the trees of --in, with the keys that stay and those that are to go. Where one needs a key that is to go, whatever annotations say of it, no key is retired, and each such object is named with its items: seal them anew (signet rotate), and apply them. The hint says what to leave out for the other keys, which could go. What could not be looked at is in the way, too; a value that opens with no key at all is told of, and is not.",
    "The label of the key's Secret becomes retired, or compromised, and nothing else changes: the controller drops the key at once, nothing is deleted, and the line that takes it back is printed before. Interrupted, it says which keys went. Git history is not looked at: what stands in older commits still needs the key.",
    "The key that seals, or is to, stays in any case, and so does the last one: promote another one, or make one, first. --force retires keys whatever needs them, also without the right to look. What is in sync stays so then until its Secret has to be made again.",
    "--compromised is for a key that somebody else may have, retired before or not. It keeps nobody from opening what lies in Git: those values have to be changed, and signet audit --compromised FINGERPRINT --history lists them.",
    "It takes the rights to list and update Secrets in the controller's namespace and to list SealedSecrets of all namespaces, and for wrapped keys their key service, or their private keys in files.",
  ],
  flags: ["dry-run", "compromised", "force", ...LOOKING, ...CALLING_WRAPPERS, ...KEYS_ANYWHERE],
  summaries: {
    ...LOOKING_SUMMARIES,
    "dry-run": "open everything, and write nothing",
    compromised: "somebody else may have these keys",
    force: "retire these keys whatever depends on them; whole fingerprints",
  },
  examples: [
    {
      what: "See whether a key could go",
      command: "signet keys retire --dry-run --in apps sealed-secrets-key7xk2p",
    },
    {
      what: "Retire a key that neither the cluster nor a tree needs any more",
      command: "signet keys retire --in apps sealed-secrets-key7xk2p",
    },
    {
      what: "Take out a key that was stolen",
      command: "signet keys retire --compromised sealed-secrets-key7xk2p",
    },
  ],
  exitCodes: [
    ["0", "done, or they were out of use already"],
    ["1", "a key stays, or the cluster cannot be asked; `error:` says why, `hint:` the next step"],
    ["2", "the command line is wrong; nothing was read or written"],
  ],
};

import type { HelpPage } from "../../command.ts";
import { OPENING_UNDER } from "./key-services.ts";
import { REACHING } from "./reaching.ts";

/** `rotate` */
export const page: HelpPage = {
  usage: [
    "rotate [flags] FILE|FOLDER|PATTERN...",
    "rotate (--private-key PATH | --open) [--cert FILE] [flags] FILE|FOLDER|PATTERN...",
  ],
  description: [
    "Seals the values of all SealedSecrets in the files given anew under the newest key, and writes each file back where it lies. Only values change, and the annotation that says which key they need; comments, layout and all else stay, byte for byte. Files are worked on side by side and written one by one, each whole or not at all: one that fails is left as it is, and running the same again does the rest. So it does after an interruption, which says how far the run came.",
    "Without --private-key or --open the controller opens and seals; it takes two requests a second unless it is told otherwise. With them values are opened here, and sealed with the certificate of --cert, or else the controller's: with both, no cluster is asked.",
    "Where a project file pins certificates, values that are opened here are sealed with that of its cluster, or with the controller's if the pinned key vouches for it; files that its rules say are for other clusters are left. --for-cluster says which cluster is meant where there are several.",
    "Values that are under the newest key stay as they are. Where they are opened here, that is found out by opening them; the controller does not tell, so that values stay that say so themselves. They are counted, and --all seals them anew.",
    "The scope stays: that a value opens under it shows that it was made for it.",
    "Values of AWS KMS and Vault go under the newest version of their key with your own rights, and SOPS documents get another data key for the same recipients. AWS KMS tells no versions, and SOPS documents have none: these are written anew at each run, unless --only leaves them out.",
    "A value whose private key became known to others is not saved by this: it stays in Git's history. Change the value itself.",
  ],
  flags: [
    "private-key",
    "recovery-private-key",
    "open",
    "cert",
    "for-cluster",
    "only",
    "all",
    "dry-run",
    "output-dir",
    "format",
    "namespace",
    ...REACHING,
    ...OPENING_UNDER,
    "verbose",
    "help",
  ],
  examples: [
    { what: "Everything in a repository, through the controller", command: "signet rotate sealed/" },
    { what: "What that would change", command: "signet rotate --dry-run sealed/" },
    {
      what: "Offline, with a backup of the old keys and the newest certificate",
      command: "signet rotate --private-key keys.yaml --cert cert.pem sealed/",
    },
    {
      what: "With a report for a pipeline",
      command: "signet rotate --private-key keys.yaml --cert cert.pem -o json sealed/ > report.json",
    },
  ],
  exitCodes: [
    ["0", "done; what was under the newest key was left"],
    ["1", "refused, or a file failed; the others are written"],
    ["2", "the command line is wrong; nothing was read or written"],
    ["130", "interrupted (143: ended by SIGTERM); the same again goes on"],
  ],
};

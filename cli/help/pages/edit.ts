import type { HelpPage } from "../../command.ts";
import { OPENING_UNDER, SEALING_FOR, SEALING_UNDER, VARIABLES } from "./key-services.ts";
import { REACHING } from "./reaching.ts";

/** `edit` */
export const page: HelpPage = {
  usage: ["edit [flags] FILE"],
  description: [
    "Shows the items of the SealedSecret in FILE in an editor, and seals what was changed, added or taken out when it ends. Every other byte of the file stays as it is. Saving an empty file changes nothing; what cannot be read is shown again with what is wrong.",
    "Classic values are shown where their private keys are given with --private-key, or --open reads them from the cluster under your rights; values under AWS KMS and Vault where your own rights open them. For all others a mark is shown, which stays unless you write a value in its place. A SOPS document must open as a whole.",
    "While it is edited the text lies in a folder of yours in memory, which is wiped whatever happens; without one it takes --allow-disk. vim, nvim, nano, emacs, Helix and VS Code are started so that they leave no copies: no swap, backup, undo and history files. Of other editors you are told that it is not known what they keep. A folder that a killed run left behind is told of at the next.",
  ],
  flags: [
    "private-key",
    "recovery-private-key",
    "open",
    "allow-disk",
    "allow-empty-data",
    "name",
    "namespace",
    "cert",
    "for-cluster",
    "scope",
    ...REACHING,
    ...SEALING_UNDER,
    ...SEALING_FOR,
    ...OPENING_UNDER,
    "verbose",
  ],
  examples: [
    {
      what: "Change what is sealed, with a private key at hand",
      command: "signet edit --cert cert.pem --private-key key.pem db-sealed.yaml",
    },
    {
      what: "Without any key: write new values over marks, add and take out items",
      command: "EDITOR=nano signet edit --cert cert.pem db-sealed.yaml",
    },
  ],
  environment: [
    ["SIGNET_EDITOR, VISUAL, EDITOR", "the editor and its arguments, the first that is set; else vi"],
    ["XDG_RUNTIME_DIR", "a folder in memory to edit in; else /dev/shm"],
    ...VARIABLES,
  ],
};

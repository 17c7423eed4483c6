import type { HelpPage } from "../../command.ts";

/** `git` */
export const page: HelpPage = {
  usage: [
    "git setup [--write] [PATTERN...]",
    "git textconv [--open [--key FILE]...] FILE",
    "git merge [--open] BASE OURS THEIRS [NAME]",
  ],
  description: [
    "Lets Git compare and merge files of sealed values by what they say. setup prints the lines of .gitattributes and the commands that make Git call the other two, or writes them; without patterns it takes all YAML and JSON files, since both leave alone what they do not know. Neither opens a connection.",
    "textconv prints a file with each value replaced by what it is sealed under, for which scope, and a digest of the ciphertext: enough to see which items changed, and nothing of what they hold. With --open it shows what they hold as far as private keys of --key, and age identities from where sops has them, open them; never set that up in a clone that others read the screen of.",
    "merge puts the merged file in the place of OURS. Items that one side changed are taken, also where Git's lines would clash; items that both changed stand between conflict markers, and so does what one side sealed for a scope that the other changed. The MAC of a SOPS document covers its values together, so that two sides that both changed some clash as a whole; --open merges them in clear, in memory, where age identities on this machine open all three versions.",
  ],
  flags: ["open", "key", "write", "help"],
  examples: [
    { what: "See what Git has to be told", command: "signet git setup" },
    { what: "Set it up for sealed files alone", command: "signet git setup --write '*.sealed.yaml'" },
    { what: "What Git compares", command: "signet git textconv sealed.yaml" },
  ],
  exitCodes: [["1", "merge: somebody has to look at the file"]],
};

import type { HelpPage } from "../../command.ts";

/** `lint` */
export const page: HelpPage = {
  usage: ["lint [--cert FILE,...] [flags] FILE|FOLDER...", "lint [flags] < FILE"],
  description: [
    "Judges SealedSecrets as they stand in files, and opens nothing: structure, item names and the forms of values; scope against name and namespace; templates, and what they name; SOPS documents; two objects of one name. Nothing is asked of a network.",
    "With --cert every value has to be for one of those certificates' keys, as far as its length and the object's own note tell.",
    "Where an age identity is at hand (SOPS_AGE_KEY, SOPS_AGE_KEY_FILE, keys.txt), the MACs of SOPS documents are verified.",
    "A comment # signet-lint: allow REASON on a line or above it, above an object or a document, allows what is there. docs/ci.md lists the rules.",
  ],
  examples: [
    { what: "A tree, in a pipeline", command: "signet lint --cert cert.pem sealed" },
    { what: "For a CI server's list of tests", command: "signet lint -o junit sealed > lint.xml" },
    { what: "For code scanning", command: "signet lint -o sarif sealed > lint.sarif" },
    { what: "What another tool makes", command: "kustomize build overlays/prod | signet lint" },
  ],
  exitCodes: [
    ["0", "nothing is wrong; there may be warnings and notes"],
    ["1", "something is wrong, or could not be read"],
    ["2", "the command line is wrong; nothing was read"],
  ],
  environment: [["SOPS_AGE_KEY", "age identities; and SOPS_AGE_KEY_FILE, as sops has them"]],
};

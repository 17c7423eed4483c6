import type { HelpPage } from "../../command.ts";

/** `guard` */
export const page: HelpPage = {
  usage: [
    "guard --staged [FILE...]",
    "guard --range A..B [--base REF] [FILE...]",
    "guard [--base REF] FILE|FOLDER...",
  ],
  description: [
    "It finds what must not be committed: values of Secrets in plain text or base64, in lists, patches, here-documents and what kubectl last applied; literals and files of Kustomize's secretGenerator; values of SealedSecrets that are not sealed; SOPS documents that were decrypted, or in which nothing is encrypted; private keys and age identities; and what looks like a Secret and cannot be read. A report names file, line, object and item, and never quotes what it found.",
    "--staged reads the index, as Git will commit it; --range each commit, so that what a later one takes out again is found; with neither, files as they lie there. Links are not followed, and nothing is asked of a network.",
    "A comment # signet-guard: allow REASON on a line or above it, above an object or a document, allows what is there. With --base only comments count that are in that branch already; --range takes A for it, and where the variable CI is set none count without --base.",
    "Changes of recipients, scopes and templates since the base, or the last commit, are told as notes.",
  ],
  examples: [
    { what: "Before a commit, as a hook does", command: "signet guard --staged" },
    { what: "What a branch adds", command: "signet guard --range main..HEAD" },
    { what: "A folder, for code scanning", command: "signet guard --format sarif -o guard.sarif sealed/" },
  ],
  exitCodes: [
    ["0", "nothing was found; there may be notes"],
    ["1", "something was found"],
    ["2", "the command line is wrong, or something could not be looked at"],
  ],
  environment: [
    ["CI", "set to anything but false: allow comments of the files themselves do not count"],
    ["GIT_INDEX_FILE", "and Git's others: as Git sets them for a hook"],
  ],
};

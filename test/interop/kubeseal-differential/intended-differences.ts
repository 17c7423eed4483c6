/** Which part of an outcome a difference may touch. */
export type Aspect = "code" | "stdout" | "error" | "says" | "notices" | "files" | "modes";

/** Why ours and kubeseal's outcome differ on purpose, and where it may show. */
export type IntendedDifference = {
  reason: string;
  where: readonly Aspect[];
  /** The test that shows it instead, where no two runs can be compared. */
  elsewhere?: string;
};

/** Ours refuses what kubeseal takes. */
const REFUSAL: readonly Aspect[] = ["code", "stdout", "error", "says"];

/** All of them, by the name that stands before their row in docs/compatibility.md. */
export const intendedDifferences = {
  "hint-line": { reason: "every error says what to do next", where: [] },
  "sealing-key": { reason: "a value says which key it needs", where: [] },
  "recovery-owner": { reason: "the API server refuses an owner without a uid", where: [] },
  "usage-errors": { reason: "standard output holds the product only", where: [] },
  "certificate-record": { reason: "a certificate that changed is told of", where: [] },
  "bad-document": { reason: "half a stream is a lost Secret", where: REFUSAL },
  "other-kind": { reason: "a SealedSecret makes a Secret of whatever it was", where: REFUSAL },
  list: { reason: "kubectl writes lists", where: ["code", "stdout", "error"] },
  "repeated-field": { reason: "the value that is lost may be the right one", where: REFUSAL },
  "item-name": { reason: "the Secret could never be created", where: REFUSAL },
  "number-text": { reason: "the text would change", where: REFUSAL },
  "yaml-boolean": { reason: "the text would change", where: ["stdout"] },
  "scope-contradiction": { reason: "one of the two is a mistake", where: REFUSAL },
  "server-metadata": { reason: "it belongs to the cluster the object came from", where: ["stdout", "files"] },
  "fetch-cert-checked": { reason: "a login page must not become somebody's cert.pem", where: REFUSAL },
  "raw-secret-file": { reason: "the file that was named is the one that is meant", where: ["stdout"] },
  "kept-layout": { reason: "a change to a file is the change that was asked for", where: ["files"] },
  "merge-crash": { reason: "a crash serves nobody", where: ["code", "error", "says", "files"] },
  "merge-scope": { reason: "the value could not be opened there", where: [...REFUSAL, "files"] },
  "several-documents": { reason: "no document is lost", where: ["code", "stdout", "error", "files"] },
  "useless-key": { reason: "a key file that holds no key is a mistake", where: REFUSAL },
  "nothing-done": { reason: "nothing was checked, and nobody would notice", where: REFUSAL },
  "rotate-refused": { reason: "an empty message helps nobody", where: ["says"] },
  "utf-16": { reason: "Windows writes it", where: ["code", "stdout", "error"] },
  "yaml-escapes": { reason: "what is written must be read back", where: ["stdout"] },
  "item-order": {
    reason: "kubeseal's order differs from run to run",
    where: [],
    elsewhere: "test/cli/output-like-kubeseal.test.ts",
  },
  "other-ways": {
    reason: "a Service by another name, or a closed proxy, is no reason to fail",
    where: [],
    elsewhere: "test/interop/reaching.test.ts",
  },
  "rotate-notice": { reason: "standard output holds the product only", where: ["stdout"] },
  "re-encrypt-template": { reason: "only ciphertext changes", where: ["stdout", "files"] },
  "positional-files": { reason: "files and folders are named as arguments", where: REFUSAL },
  "verbose-level": {
    reason: "there is no client library to log",
    where: ["code", "stdout", "error", "notices"],
  },
  "help-page": { reason: "our own page", where: ["stdout", "notices"] },
  "version-line": { reason: "our own name", where: ["stdout"] },
  "bad-variable": { reason: "a value that is left aside unseen is a mistake", where: REFUSAL },
  "named-kubeconfig": { reason: "what was asked for by name is not there", where: ["says"] },
  "output-file": {
    reason: "a file keeps its place and who may read it",
    where: ["stdout", "files", "modes"],
  },
} as const satisfies Record<string, IntendedDifference>;

/** Those that are taken out of every case before it is compared: none of their places is listed. */
export type AutomaticDifference =
  | "hint-line"
  | "sealing-key"
  | "recovery-owner"
  | "usage-errors"
  | "certificate-record";

/** Name of an intended difference. */
export type DifferenceId = keyof typeof intendedDifferences;

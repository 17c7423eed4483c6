import type { HelpPage } from "../../command.ts";

/** `status` */
export const page: HelpPage = {
  usage: ["status [-n NAMESPACE | -A] [flags] [NAME...]"],
  description: [
    "Lists the SealedSecrets of a namespace that are not in sync, and what their controller says of them: since when, the reason, and why. With names, these, however they stand.",
    "Asks for the right to list SealedSecrets there, and nothing else.",
    "States: not looked at, by no controller or not at this generation; retrying, which may come right by itself; failed, until somebody changes something; not opening, where the Secret is in sync and no sealing key opens the values any more; being deleted; in sync.",
  ],
  flags: [
    "all-namespaces",
    "show-all",
    "format",
    "namespace",
    "kubeconfig",
    "context",
    "request-timeout",
    "help",
  ],
  examples: [
    { what: "What is wrong in a namespace", command: "signet status -n shop" },
    { what: "All of the cluster, with keys and scopes", command: "signet status -A --show-all -o wide" },
    { what: "For programs", command: "signet status -n shop -o json --show-all" },
  ],
  exitCodes: [
    ["0", "everything is in sync, and opens"],
    ["1", "something is not, or the cluster could not be asked"],
    ["2", "the command line is wrong; nothing was asked"],
  ],
};

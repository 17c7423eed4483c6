import type { HelpPage } from "../../command.ts";

/** `wait` */
export const page: HelpPage = {
  usage: [
    "wait [-n NAMESPACE] [flags] NAME...",
    "wait [flags] -f PATH[,PATH...]",
    "wait [-n NAMESPACE] --all",
  ],
  description: [
    "Waits until the SealedSecrets named are in sync at the generation that they have. Standard error says what it waits for, and each change of what keeps an object; when the time is over, each that is left, why, and the next command. With -f it waits until the cluster holds what the files hold, too: for what another tool applies. One that is not there is waited for.",
    "It ends early, with exit code 1, where the controller says of one that somebody has to change something first.",
    "Asks for the right to watch SealedSecrets in their namespaces; --all to list them, too.",
  ],
  flags: [
    "filename",
    "all",
    "for",
    "timeout",
    "namespace",
    "kubeconfig",
    "context",
    "request-timeout",
    "help",
  ],
  examples: [
    { what: "After an apply", command: "signet wait -n shop db" },
    { what: "Until what was merged has arrived", command: "signet wait --timeout 10m -f sealed.yaml" },
    { what: "All of a namespace", command: "signet wait -n shop --all" },
  ],
  exitCodes: [
    ["0", "all are in sync"],
    ["1", "one failed, or the time is over, or the cluster could not be asked"],
    ["2", "the command line is wrong; nothing was asked"],
  ],
};

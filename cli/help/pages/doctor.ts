import type { HelpPage } from "../../command.ts";

/** `doctor` */
export const page: HelpPage = {
  usage: ["doctor [flags]", "doctor --leave [flags] [FILE|FOLDER...]"],
  description: [
    "Looks at an installation and changes nothing: the CustomResourceDefinition and its fields, Service and Pods, the leader, versions, the certificate that is served and the one that is published, the controller's rights and yours, sealing keys, their renewal and their backups, and whether SealedSecrets are in sync. Each line says ok, warn, fail or unknown, and what to do next.",
    "What you have no right to look at is unknown, and no reason to fail. Of key Secrets, as far as you may list them, it looks at certificate, labels and annotations alone.",
    "With --leave it lists, by object, what stands in the way of going back to the reference's controller: values of other backends, items from Vault, wrapped keys, annotations that count for nothing there. Files and folders are looked through beside the cluster.",
  ],
  flags: [
    "leave",
    "format",
    "controller-name",
    "controller-namespace",
    "kubeconfig",
    "context",
    "request-timeout",
    "help",
  ],
  examples: [
    { what: "Is all as it should be?", command: "signet doctor" },
    { what: "Could we go back?", command: "signet doctor --leave manifests" },
    { what: "For programs", command: "signet doctor -o json" },
  ],
  exitCodes: [
    ["0", "nothing failed; there may be warnings and what is not known"],
    ["1", "something failed or stands in the way, or the cluster could not be asked"],
    ["2", "the command line is wrong; nothing was asked"],
  ],
};

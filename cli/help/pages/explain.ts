import type { HelpPage } from "../../command.ts";
import { ALLOWED } from "./allow.ts";

/** `explain` */
export const page: HelpPage = {
  usage: ["explain --key PATH[,PATH...] [flags] FILE...", "explain [flags] FILE..."],
  description: [
    "Says of each item whether it opens and with which key; and of those that do not, why not and what to do: its key is unknown or it is damaged, it was sealed for another name, namespace or scope, its data is damaged, another backend wrote it.",
    "With --key every value is tried with these private keys, on this machine. Without, the cluster is asked what its controller said of the SealedSecret of that name. Without either, each value's form is shown.",
    "Of values of AWS KMS and Vault it tells the key, whether you allowed it, and what they are bound to; no key service is asked. Of SOPS documents it tells whom they are for, and what of them keeps them from opening where they stand.",
    "What a value was sealed for is compared with the SealedSecret under every scope, with the other SealedSecrets given, with --candidate, and with --list-candidates those of the cluster. A key marked as claimed is what the file says of itself, no more.",
  ],
  flags: [
    "key",
    "recovery-private-key",
    "candidate",
    "list-candidates",
    "format",
    "namespace",
    "allow-nondeterministic-templates",
    "kms-allowed-keys",
    "vault-allowed-keys",
    "vault-addr",
    "vault-namespace",
    "kubeconfig",
    "context",
    "controller-name",
    "controller-namespace",
    "verbose",
    "help",
  ],
  examples: [
    {
      what: "Try every value with a backup of the keys",
      command: "signet explain --key keys.yaml sealed.yaml",
    },
    { what: "See what the cluster says", command: "signet explain sealed.yaml" },
    {
      what: "Was it sealed under its old name?",
      command: "signet explain --key keys.yaml --candidate team-a/database sealed.yaml",
    },
    { what: "The same for programs", command: "signet explain --key keys.yaml -o json manifests" },
  ],
  files: [ALLOWED],
  exitCodes: [
    ["0", "everything opens"],
    ["1", "something does not open, or it is not known whether it does"],
    ["2", "the command line is wrong; nothing was read or written"],
  ],
};

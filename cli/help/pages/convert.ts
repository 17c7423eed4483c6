import type { HelpPage } from "../../command.ts";

/** `convert` */
export const page: HelpPage = {
  usage: ["convert --backend cluster|kms|vault|sops [flags] [FILE|FOLDER|PATTERN...]"],
  description: [
    "Moves sealed files from one backend to another: SealedSecrets of the cluster's key, of AWS KMS, of Vault, and those that are SOPS documents, and Secrets that SOPS encrypted. Values are opened and sealed again in memory; no plain value is written anywhere. Flags of sealing say what to convert to, those of unseal and render what to open with.",
    "With files, results go to standard output, in place with --in-place, or below --output-dir; each file is written whole or not at all, and left as it is when one of its values does not open. Templates, references into Vault, type and labels stay. Where neither side is a SOPS document, comments and layout stay, too, byte for byte.",
    "The scope is kept: that all values open under it shows that they were made for it. A Secret that SOPS encrypted has none, and who can change the file can give it any name; converting it takes --allow-unbound, and seals it strict unless its own annotations, or --scope, say otherwise.",
    "With --as-secret the result is a Secret that SOPS encrypted, for those who go on with sops or Flux alone. It is bound to no place.",
  ],
  flags: [
    "backend",
    "cert",
    "kms-key",
    "vault-key",
    "age",
    "kms",
    "hc-vault-transit",
    "encryption-context",
    "as-secret",
    "scope",
    "key",
    "recovery-private-key",
    "cluster-keys",
    "allow-unbound",
    "allow-cluster-wide",
    "allow-namespace",
    "kms-allowed-keys",
    "vault-allowed-keys",
    "in-place",
    "output-dir",
    "format",
    "sealed-secret-file",
    "cluster-id",
    "vault-addr",
    "verbose",
    "help",
  ],
  examples: [
    {
      what: "From the cluster's key to AWS KMS, with a backup of the key",
      command:
        "signet convert --kms-key alias/signet --cluster-id $CLUSTER_ID --key keys.yaml --in-place sealed/",
    },
  ],
};

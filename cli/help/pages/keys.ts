import type { HelpPage } from "../../command.ts";

/** `keys` */
export const page: HelpPage = {
  usage: [
    "keys list [flags]",
    "keys wrap --with kms:ARN|vault:MOUNT/KEY [flags] NAME...|--all",
    "keys unwrap [flags] NAME...|--all",
  ],
  description: [
    "Lists the sealing keys of a controller, has a key of AWS KMS or Vault wrap them in their Secrets, or takes the wrapping off again. It works under your own rights: get, list and update on Secrets in the controller's namespace, and on the key service those to encrypt and decrypt.",
    "A wrapped key is bound to its cluster, its Secret and its certificate. It is unwrapped once and compared before anything is written, and each Secret is written in one piece. A run that was interrupted is simply run again; keys wrapped by another key move to the new one.",
    "The controller must be started with --sealing-key-wrap or --sealing-key-unwrap naming the wrapping key first, else it would refuse the keys at its next start: keys are wrapped by no other, unless --ahead-of-controller is given. Nor is the key that seals unwrapped while the controller has --sealing-key-wrap, since only wrapped keys seal there. What the controller names, and which key seals, stands on its ConfigMap sealed-secrets-certificate and its Lease; the rights to get them are needed, too.",
    "Wrapping does not change which key seals: a plain key that would seal once it is wrapped, since it is newer or promoted, is left as it is, told of, and the exit code is 1. Whoever may write Secrets could have put it there. If it is yours, name its Secret, and its fingerprint by --accept-fingerprint. Where it is not known which key seals, keys older than all wrapped ones are wrapped.",
    "Keys whose Secret has no annotation signet.dev/backup-confirmed are not wrapped, unless --without-backup is given: without the wrapping key, nothing else would open what they sealed.",
  ],
  flags: [
    "with",
    "all",
    "dry-run",
    "without-backup",
    "accept-fingerprint",
    "ahead-of-controller",
    "format",
    "cluster-id",
    "kms-allowed-keys",
    "vault-allowed-keys",
    "vault-addr",
    "vault-namespace",
    "vault-ca-cert",
    "vault-token-file",
    "controller-namespace",
    "kubeconfig",
    "context",
    "verbose",
    "help",
  ],
  examples: [
    { what: "See what wraps the keys", command: "signet keys list" },
    {
      what: "Try whether all keys can be wrapped by a key of Vault",
      command: "signet keys wrap --dry-run --all --with vault:transit/sealing-keys",
    },
    {
      what: "Move one key to Vault",
      command: "signet keys wrap --with vault:transit/sealing-keys sealed-secrets-key7xk2p",
    },
    { what: "Before going back to the other controller", command: "signet keys unwrap --all" },
  ],
};

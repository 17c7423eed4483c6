import type { HelpPage } from "../../command.ts";
import { OPENING_UNDER, SEALING_FOR, VARIABLES } from "./key-services.ts";
import { KEYS_ANYWHERE, KEYS_SUMMARIES } from "./keys-flags.ts";

/** `keys backup` */
export const page: HelpPage = {
  usage: [
    "keys backup --age RECIPIENT,... [--kms ARN,...] [--hc-vault-transit URL,...] [-w FILE [--confirm]] [flags] [--all|NAME|FINGERPRINT...]",
    "keys backup --confirm [flags] [FILE]",
  ],
  description: [
    "Copies the keys in use into one file: with --all those out of use too, or those that are named, in use or not. It is a List of their Secrets of which SOPS encrypts the private keys, so that sops decrypt opens it, too. Each key is proven to open what its certificate seals, and the file is read back.",
    "One recipient at least has to be another key than those that wrap the sealing keys. Each recipient opens the file alone.",
    "A backup counts once it is confirmed: give what was stored to backup --confirm, as a file or on standard input. It confirms a key where that is the very file that was written for it last, or opens here and holds the key. Beside -w, --confirm takes the file itself for the store.",
    "A file that holds keys which the new backup will not hold is replaced with --overwrite only. It takes the rights to list and update Secrets in the controller's namespace.",
  ],
  flags: [
    ...SEALING_FOR,
    "output-file",
    "overwrite",
    "all",
    "confirm",
    "cluster-id",
    ...OPENING_UNDER,
    ...KEYS_ANYWHERE,
  ],
  summaries: {
    ...KEYS_SUMMARIES,
    age: "age recipients who are to open it",
    kms: "keys of AWS KMS that are to open it",
    "hc-vault-transit": "keys of Vault that are to open it, https://HOST/v1/ENGINE/keys/KEY",
    "encryption-context": "pairs that the keys of --kms bind it to",
    "output-file": "write it to this file, not standard output",
    overwrite: "replace a file that holds keys which the new one will not hold",
    all: "copy the keys out of use, too",
    confirm: "take down on the key Secrets that it is stored",
  },
  examples: [
    {
      what: "Copy all keys out, for whoever has the identity of an age recipient",
      command:
        "signet keys backup --age age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p -w sealing-keys.yaml",
    },
    { what: "Once the file is stored, say so", command: "signet keys backup --confirm sealing-keys.yaml" },
  ],
  environment: VARIABLES,
};

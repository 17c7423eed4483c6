import type { HelpPage } from "../../command.ts";

/** `--recovery-unseal` */
export const page: HelpPage = {
  usage: [
    "--recovery-unseal --recovery-private-key FILE[,FILE...] [flags] < sealed-secret.yaml > secret.json",
  ],
  description: [
    "Opens SealedSecrets without a cluster, with private keys from a backup, and prints the Secrets in plain. A key file holds private keys in PEM, or the Secrets of the controller's keys as kubectl prints them. A file without any key is an error.",
    "signet unseal does the same for whole folders, single items and bare values.",
  ],
  flags: ["recovery-private-key", "secret-file", "sealed-secret-file", "output-dir", "format", "verbose"],
  examples: [
    {
      what: "Open with a backup of the controller's keys",
      command: "signet --recovery-unseal --recovery-private-key keys.yaml -o yaml < sealed.yaml",
    },
    {
      what: "Make that backup",
      command:
        "kubectl -n kube-system get secret -o yaml \\\n  -l sealedsecrets.bitnami.com/sealed-secrets-key > keys.yaml",
    },
  ],
};

import type { HelpPage } from "../../command.ts";
import { OPENING_UNDER, SEALING_UNDER, VARIABLES } from "./key-services.ts";
import { REACHING } from "./reaching.ts";

/** `--merge-into` */
export const page: HelpPage = {
  usage: ["--merge-into FILE [flags] < secret.yaml", "--merge-into FILE|FOLDER [flags] SECRET-FILE..."],
  description: [
    "Seals the items of a Secret and writes them into the SealedSecret of FILE: new items are added, items of the same name replaced, labels and annotations taken into its template. All else in the file stays as it is, byte for byte, comments and layout included, and so does its format. The file is written once all is well, or not at all; nothing goes to standard output.",
    "Name, namespace and scope are those of the SealedSecret, whatever the Secret says. A scope wider than strict must be vouched for: by --scope, by the annotation of the Secret, or by values in the file which the controller can open, or you can where they lie under AWS KMS or Vault. A Secret or --scope that says otherwise than the file is refused.",
    "A SealedSecret that is a SOPS document must open with your own keys: it keeps its data key and recipients, its other values stay as they are encrypted, and it is laid out anew, as sops does. No values of another kind go into it.",
    "Where FILE holds several SealedSecrets, or is a folder, each Secret goes into the one of its name and namespace.",
  ],
  flags: [
    "merge-into",
    "secret-file",
    "output-dir",
    "format",
    "cert",
    "for-cluster",
    "scope",
    "namespace",
    "allow-empty-data",
    ...REACHING,
    ...SEALING_UNDER,
    ...OPENING_UNDER,
    "verbose",
  ],
  examples: [
    {
      what: "Add or replace an item",
      command: "signet --cert cert.pem --merge-into sealed.yaml < secret.yaml",
    },
    {
      what: "Merge what kubectl makes of a value",
      command:
        "kubectl create secret generic db --from-literal=token=abc --dry-run=client -o yaml |\n  signet --merge-into sealed.yaml",
    },
    {
      what: "Into a SealedSecret that is meant to be cluster-wide",
      command: "signet --cert cert.pem --merge-into wide.yaml --scope cluster-wide < secret.yaml",
    },
    {
      what: "An item under a key of AWS KMS, beside classic ones",
      command: "signet --kms-key alias/signet --merge-into sealed.yaml < secret.yaml",
    },
  ],
  environment: VARIABLES,
};

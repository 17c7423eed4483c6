import type { HelpPage } from "../../command.ts";
import { ALLOWED } from "./allow.ts";
import { OPENING_UNDER, VARIABLES } from "./key-services.ts";

/** `unseal` */
export const page: HelpPage = {
  usage: [
    "unseal --key PATH[,PATH...] [flags] FILE...",
    "unseal --key PATH --item KEY [flags] FILE",
    "unseal [flags] FILE...",
    "unseal --key PATH --raw [--scope SCOPE] [--namespace NAMESPACE] [--name NAME] < VALUE",
  ],
  description: [
    "Opens SealedSecrets on this machine and prints the Secrets in plain: classic values with private keys, those of AWS KMS and Vault with your own rights there, if you allowed their keys (signet help allow), SOPS documents with your age identities too. Only for the latter is the cluster asked, for its id, unless --cluster-id says it. Other documents are passed over; with --output-dir they are copied as they are. Files that are written are readable by you only, and the sealed files stay.",
    "Keys come from PEM files, from the controller's key Secrets as kubectl prints them, and from folders of either; all usable ones are tried. A file without any key is an error.",
    "What spec.vault names is read by the controller alone; a warning tells the items that are missing.",
    "Templates are rendered as the controller does it. What they warn of goes to standard error.",
    "signet explain says why a value does not open.",
  ],
  flags: [
    "key",
    "recovery-private-key",
    "format",
    "sealed-secret-file",
    "output-dir",
    "item",
    "raw",
    "from-file",
    "scope",
    "namespace",
    "name",
    "cluster-id",
    ...OPENING_UNDER,
    "kubeconfig",
    "context",
    "controller-namespace",
    "allow-nondeterministic-templates",
    "verbose",
    "help",
  ],
  examples: [
    { what: "Open a file", command: "signet unseal --key keys.yaml sealed.yaml" },
    {
      what: "Open every SealedSecret of a folder",
      command: "signet unseal --key keys.yaml --output-dir plain manifests",
    },
    { what: "Print one item", command: "signet unseal --key keys.yaml --item password sealed.yaml" },
    {
      what: "Open a bare value",
      command: "signet unseal --key keys.yaml --raw --namespace team-a --name db < value.txt",
    },
    { what: "Open values of AWS KMS", command: "signet unseal --cluster-id $CLUSTER_ID kms/db.yaml" },
    {
      what: "Open a bare value of Vault",
      command:
        "signet unseal --raw --namespace shop --name db --item password --cluster-id $CLUSTER_ID < vault.txt",
    },
    {
      what: "Use the keys of a cluster without writing them to a file",
      command:
        "kubectl -n kube-system get secret -o yaml -l sealedsecrets.bitnami.com/sealed-secrets-key \\\n  | signet unseal --key - sealed.yaml",
    },
  ],
  environment: VARIABLES,
  files: [ALLOWED],
};

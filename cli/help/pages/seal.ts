import type { HelpPage } from "../../command.ts";
import { REACHING_VAULT, SEALING_FOR, SEALING_UNDER, VARIABLES } from "./key-services.ts";
import { REACHING, RECORD } from "./reaching.ts";

/** What `signet` does when nothing else is asked for. */
export const page: HelpPage = {
  usage: [
    "[flags] < secret.yaml > sealed-secret.json",
    "[flags] -f FILE [-w FILE]",
    "[flags] (--in-place | --output-dir FOLDER) FILE|FOLDER|PATTERN...",
  ],
  description: [
    "Reads Kubernetes Secrets in YAML or JSON and writes SealedSecrets that only the controller in the cluster can open. A stream may hold several documents and Lists; it is sealed as a whole or not at all.",
    "The certificate comes from the controller in the cluster of the kubeconfig, or from --cert, which needs no cluster. A value opens only where it was sealed for: its namespace and name (strict), any name in its namespace (namespace-wide) or anywhere in the cluster (cluster-wide). The annotations sealedsecrets.bitnami.com/namespace-wide and /cluster-wide of a Secret say the same as --scope.",
    "With --kms-key or --vault-key values are sealed under a key of AWS KMS or Vault, with your own rights there, and no certificate is asked for. They are bound to scope, item and one cluster: that of --cluster-id, else the one of the kubeconfig, which is asked for its id.",
    "With --age, --kms or --hc-vault-transit, or --backend sops and the creation rules of a .sops.yaml, the SealedSecret is a SOPS document, which the stock sops edits too. It opens with any of these keys, and in its place alone. Recipients of a .sops.yaml go by the file that takes the result.",
    "Where a project file, .signet.yaml, pins certificates of clusters, that of the file's cluster is taken, and no cluster is asked; its rules say by path which clusters that are, or --for-cluster does, and may name keys of AWS KMS or Vault, or have SOPS documents made. With {cluster} in the path of --output-dir or -w each of them gets an output of its own. signet help pin tells of pins.",
    "A folder stands for every .yaml, .yml and .json file in it and below, a pattern in quotes for the files it fits. Only Secrets are sealed; other documents stay as they are, byte for byte. Each file is written whole or not at all, and a file that fails keeps no other from being written. Without --in-place and --output-dir all results go to standard output, if every file went well.",
  ],
  flags: [
    "secret-file",
    "sealed-secret-file",
    "in-place",
    "output-dir",
    "format",
    "cert",
    "for-cluster",
    "scope",
    "name",
    "namespace",
    "allow-empty-data",
    "accept-certificate",
    ...REACHING,
    ...SEALING_UNDER,
    ...SEALING_FOR,
    ...REACHING_VAULT,
    "verbose",
  ],
  examples: [
    { what: "Seal for the cluster of the kubeconfig", command: "signet < secret.yaml > sealed.json" },
    {
      what: "Seal offline, as YAML, for a namespace",
      command: "signet --cert cert.pem --namespace shop -f secret.yaml -w sealed.yaml",
    },
    {
      what: "Seal every Secret below a folder, results into another one",
      command: "signet --cert cert.pem --output-dir sealed/ manifests/",
    },
    {
      what: "The same, each result in the place of its Secret",
      command: "signet --cert cert.pem --in-place manifests/",
    },
    {
      what: "A Secret that may be opened under any name in its namespace",
      command: "signet --cert cert.pem --scope namespace-wide -o yaml < secret.yaml",
    },
    {
      what: "Under a key of AWS KMS, for a cluster that is not reached from here",
      command: "signet --kms-key alias/signet --cluster-id $CLUSTER_ID -o yaml < secret.yaml",
    },
    {
      what: "Under a key of Vault, in place, for the cluster of the kubeconfig",
      command: "signet --vault-key transit/signet --in-place manifests/",
    },
    {
      what: "As a SOPS document for an age recipient",
      command: "signet --age $RECIPIENT --cluster-id $CLUSTER_ID -o yaml < secret.yaml > sealed.yaml",
    },
  ],
  environment: VARIABLES,
  files: [RECORD],
};

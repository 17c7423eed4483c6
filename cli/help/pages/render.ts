import type { HelpPage } from "../../command.ts";
import { ALLOWED } from "./allow.ts";
import { OPENING_UNDER, VARIABLES } from "./key-services.ts";

/** `render` */
export const page: HelpPage = {
  usage: ["render [flags] PATH...", "render [flags] < MANIFESTS"],
  description: [
    "Prints manifests with plain Secrets in the place of SealedSecrets of every backend and of Secrets that SOPS encrypted; all else as it was written. For pipelines that apply manifests without a controller. PATH is a file, a folder with all .yaml, .yml and .json files in it and below, or - for standard input.",
    "All is opened before the first byte is printed. Nothing is written to a file but with -o FILE, readable by you only; a terminal is refused unless -o - asks for it.",
    "What lacks nothing but a key at hand goes out sealed, for a controller, and a note tells of it; with --strict that is an error. So are values that are damaged or sealed for another place, and SOPS documents that do not open.",
    "--allow-namespace names the namespaces whose sealed objects may be opened. As a plugin of Argo CD the one that the Application deploys to is the only one. Cluster-wide values, and SOPS documents that do not say what they were encrypted for, need a flag of their own. Links that lead out of the tree are refused, and so are files of kustomize and Helm: pipe what these tools make into signet render -.",
    "Keys are had as by signet unseal.",
  ],
  flags: [
    "key",
    "recovery-private-key",
    "cluster-keys",
    "strict",
    "allow-namespace",
    "allow-cluster-wide",
    "allow-unbound",
    "namespace",
    "format",
    "output",
    "cluster-id",
    ...OPENING_UNDER,
    "kms-allowed-roles",
    "kms-allowed-profiles",
    "kms-allowed-contexts",
    "kubeconfig",
    "context",
    "controller-namespace",
    "allowed-secret-types",
    "allowed-annotations",
    "allow-nondeterministic-templates",
    "verbose",
    "help",
  ],
  examples: [
    {
      what: "Apply a tree without a controller",
      command: "signet render --strict --key keys.yaml manifests | kubectl apply -f -",
    },
    {
      what: "Open one namespace alone",
      command: "signet render --strict --key keys.yaml --allow-namespace shop manifests > /dev/null",
    },
    {
      what: "Into a file that only you can read",
      command: "signet render --key keys.yaml -o plain.yaml manifests",
    },
  ],
  environment: [
    ...VARIABLES,
    ["ARGOCD_APP_NAMESPACE", "set by Argo CD: the only namespace whose sealed objects are opened"],
  ],
  files: [ALLOWED],
};

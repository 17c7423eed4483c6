import type { HelpPage } from "../../command.ts";
import { ALLOWED } from "./allow.ts";

/** `audit` */
export const page: HelpPage = {
  usage: [
    "audit [--open | --private-key PATH[,PATH...]] [flags] [FILE|FOLDER...]",
    "audit --compromised FINGERPRINT --history [flags] [FILE|FOLDER...]",
  ],
  description: [
    "Tells of every sealed value which key it needs, how old that key is, its scope and backend, and what stands against it; then of every key how many values and objects would stop opening if it went. It looks at the cluster, or at the files given, or with --in-cluster at both.",
    "Without --open or --private-key nothing is opened, and a key is what the object claims: its proof says claimed. --open reads the sealing keys of the controller's namespace, asks key services and uses age identities, all with your own rights. Plaintexts are compared in memory and never shown.",
    "It fails by policy alone: --max-key-age for values under older keys, --fail-on for claimed (the key is not proven), unknown-key (not sealed for this cluster), does-not-open (sealed for another place, or damaged), retired-key, scope (wider than strict) and duplicates; and where something could not be read: --skip-unreadable lets all such pass, --allow-unreadable one content of the history, which the warning names, and no later one.",
    "--duplicates groups values that hold the same plaintext, under fingerprints with a random key that is thrown away; whoever has the key of --duplicates-key and a report can try guesses.",
    "--compromised lists every value that was ever sealed under a stolen key: in the cluster, in the files given, and with --history in every commit of this Git repository, of every reference and every reflog. --no-cluster leaves the cluster out; without --history it fails, unless --no-history says that nothing was ever committed. It fails until each item holds, wherever it stands now, a plaintext that the stolen key opens nowhere: sealing the same anew changes nothing. What cannot be opened counts as not changed. A key that is neither at hand nor in the cluster, and that no value claims, is refused as misspelt, unless --key-is-lost says that it is gone.",
  ],
  flags: [
    "open",
    "private-key",
    "recovery-private-key",
    "cert",
    "max-key-age",
    "fail-on",
    "duplicates",
    "duplicates-key",
    "compromised",
    "history",
    "no-history",
    "no-cluster",
    "accept-removed",
    "key-is-lost",
    "skip-unreadable",
    "allow-unreadable",
    "format",
    "in-cluster",
    "all-namespaces",
    "namespace",
    "kms-allowed-keys",
    "vault-allowed-keys",
    "vault-addr",
    "vault-namespace",
    "cluster-id",
    "kubeconfig",
    "context",
    "controller-namespace",
    "verbose",
    "help",
  ],
  examples: [
    { what: "What the cluster's objects claim", command: "signet audit" },
    {
      what: "Which keys a tree needs, by opening it with a backup",
      command: "signet audit --private-key keys.yaml sealed",
    },
    {
      what: "In a pipeline: no value under a key older than 90 days",
      command: "signet audit --cert cert.pem --max-key-age 90d sealed",
    },
    {
      what: "After a key was stolen",
      command: "signet audit --compromised SHA256:… --history --private-key keys.yaml sealed",
    },
  ],
  files: [ALLOWED],
  exitCodes: [
    ["0", "nothing stands against the policy, and all was read"],
    ["1", "something does, something could not be read, or a stolen plaintext is not changed"],
    ["2", "the command line is wrong; nothing was looked at"],
    ["130", "interrupted (143: ended by SIGTERM); nothing is reported"],
  ],
};

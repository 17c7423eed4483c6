import type { HelpPage } from "../command.ts";
import type { OptionTable } from "../options.ts";
import { flagTerms } from "./flag-terms.ts";
import { section, terms, wrap } from "./layout.ts";
import { exampleLines } from "./page.ts";

const COLUMN = 28;

/** What people look for; the rest stands in `help flags`. */
const SEALING = ["secret-file", "sealed-secret-file", "format", "cert", "scope", "namespace"];
const MODES = ["fetch-cert", "raw", "merge-into", "validate", "re-encrypt", "recovery-unseal"];
const CLUSTER = ["controller-name", "controller-namespace", "kubeconfig"];
const OURS = ["in-place", "output-dir", "kms-key", "vault-key", "verbose"];

/** Examples of the first page. */
export const overviewExamples: HelpPage["examples"] = [
  { what: "Seal for the cluster of the kubeconfig", command: "signet < secret.yaml > sealed.json" },
  {
    what: "Seal a folder of manifests offline",
    command: "signet --fetch-cert > cert.pem\nsignet --cert cert.pem --in-place manifests/",
  },
];

/**
 * The page of `--help`: what the program is, and what is used most. It fits two screens.
 * @param commands names and summaries.
 */
export function overview(
  program: string,
  options: OptionTable,
  commands: readonly { name: string; summary: string }[],
): string {
  const lines = [
    ...wrap(
      `${program}: seals Kubernetes Secrets so that only the controller in the cluster can open them. Flags and results are those of kubeseal.`,
    ),
    ...section("Usage", [
      `${program} [flags] < secret.yaml > sealed-secret.json`,
      `${program} [flags] (--in-place | --output-dir FOLDER) FILE|FOLDER|PATTERN...`,
      `${program} COMMAND [flags]`,
    ]),
    ...section("Flags of kubeseal, for sealing", terms(flagTerms(options, SEALING), COLUMN)),
    ...section("Flags of kubeseal, instead of sealing", terms(flagTerms(options, MODES), COLUMN)),
    ...section("Flags of kubeseal, for the cluster", terms(flagTerms(options, CLUSTER), COLUMN)),
    ...section("Flags of Signet", terms(flagTerms(options, OURS), COLUMN)),
    ...section(
      "Commands",
      terms(
        commands.map(({ name, summary }) => [name, summary] as const),
        COLUMN,
      ),
    ),
    ...section("Examples", exampleLines(overviewExamples, program)),
    ...section(
      "More",
      terms([
        [
          `${program} help seal`,
          "folders, scopes, certificates; so too raw, merge-into, validate, re-encrypt, recovery-unseal, fetch-cert",
        ],
        [`${program} help flags`, "all flags, kubectl's too, and their variables"],
      ]),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

import { Command, Option } from "commander";
import type { OptionSpec, OptionTable } from "./options.ts";

const GROUPS: Readonly<Record<OptionSpec["group"], string>> = {
  seal: "Sealing:",
  mode: "Instead of sealing:",
  files: "Files and folders as arguments:",
  cluster: "Cluster and controller:",
  general: "General:",
  logging: "Accepted for kubeseal's sake:",
};

/**
 * The page `--help` prints. Loaded only then; it imports nothing that sealing needs, so that the bundler has no
 * reason to cut that into pieces.
 * @param variable the environment variable that is an example for all.
 */
export function helpText(program: string, options: OptionTable, variable: string): string {
  const name = program === "kubectl-signet" ? "kubectl signet" : program;
  const page = new Command(name)
    .usage("[flags] < secret.yaml > sealed-secret.json")
    .description("Seals Kubernetes Secrets so that only the controller in the cluster can open them.")
    .helpOption(false)
    .configureHelp({ helpWidth: 100, sortOptions: false });
  for (const group of Object.keys(GROUPS) as OptionSpec["group"][]) {
    for (const [flag, spec] of Object.entries(options)) {
      if (spec.group === group)
        page.addOption(new Option(typed(flag, spec), spec.summary).helpGroup(GROUPS[group]));
    }
  }
  return `${page.helpInformation()}${notes(name, variable)}`;
}

function typed(flag: string, { short, value, kind }: OptionSpec): string {
  const argument = value === undefined ? "" : kind === "level" ? ` [${value}]` : ` <${value}>`;
  return `${short === undefined || flag === short ? "" : `-${short}, `}--${flag}${argument}`;
}

function notes(name: string, variable: string): string {
  return `
Each flag of kubeseal but the logging ones may also be given as an environment variable, such as ${variable}.

Examples:
  ${name} < secret.yaml > sealed.json
  ${name} -f secret.yaml -w sealed.yaml
  ${name} --fetch-cert > cert.pem
  ${name} --cert cert.pem --scope namespace-wide -o yaml < secret.yaml
`;
}

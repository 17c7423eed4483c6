import { Command, Option } from "commander";
import { hasVariable, kubesealOptions, type OptionSpec, variableOf } from "./options.ts";

const GROUPS: Readonly<Record<OptionSpec["group"], string>> = {
  seal: "Sealing:",
  mode: "Other modes:",
  cluster: "Cluster and controller:",
  general: "General:",
  logging: "Accepted for kubeseal's sake:",
};

/** The page `--help` prints. */
export function helpText(program: string): string {
  const name = program === "kubectl-signet" ? "kubectl signet" : program;
  const page = new Command(name)
    .usage("[flags] < secret.yaml > sealed-secret.json")
    .description("Seals Kubernetes Secrets so that only the controller in the cluster can open them.")
    .helpOption(false)
    .configureHelp({ helpWidth: 100, sortOptions: false });
  for (const group of Object.keys(GROUPS) as OptionSpec["group"][]) {
    for (const [flag, spec] of Object.entries<OptionSpec>(kubesealOptions)) {
      if (spec.group === group)
        page.addOption(new Option(typed(flag, spec), spec.summary).helpGroup(GROUPS[group]));
    }
  }
  return `${page.helpInformation()}${notes(name)}`;
}

function typed(flag: string, { short, value, kind }: OptionSpec): string {
  const argument = value === undefined ? "" : kind === "level" ? ` [${value}]` : ` <${value}>`;
  return `${short === undefined || flag === short ? "" : `-${short}, `}--${flag}${argument}`;
}

function notes(name: string): string {
  const example =
    Object.entries<OptionSpec>(kubesealOptions).find(([, spec]) => hasVariable(spec))?.[0] ?? "";
  return `
Each flag of the first three groups may also be given as an environment variable, ${variableOf(example)} for --${example}.

Examples:
  ${name} < secret.yaml > sealed.json
  ${name} -f secret.yaml -w sealed.yaml
  ${name} --fetch-cert > cert.pem
  ${name} --cert cert.pem --scope namespace-wide -o yaml < secret.yaml
`;
}

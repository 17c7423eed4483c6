import type { DifferentialCase } from "./differential-case.ts";

/** The modes of kubeseal that have a table of cases. */
export const modes = [
  "seal",
  "certificates",
  "raw",
  "merge-into",
  "validate",
  "re-encrypt",
  "recovery-unseal",
  "command line",
] as const;

/** One of them. */
export type Mode = (typeof modes)[number];

const scenarios: Readonly<Record<number, string>> = {
  26: "a JSON Secret on standard input, no flags",
  27: "it opens with the cluster's key",
  28: "the namespace of the kubeconfig's context",
  29: "… and the value opens there",
  30: "the namespace of -n",
  31: "… and the value opens there",
  32: "--cert FILE with an API server nobody reaches",
  33: "empty input fails",
  34: "--fetch-cert prints the newest key's certificate",
  35: "--version",
  36: "--validate accepts what opens",
  37: "--validate refuses what was renamed",
  38: "a certificate file that is not there",
  39: "--recovery-unseal without keys",
  40: "--recovery-unseal with a dump of the key Secrets",
  41: "the newest key is the one made last, not the last by name",
  42: "scope names, empty for strict",
  44: "no annotation: strict",
  45: "the annotation cluster-wide",
  46: "the annotation namespace-wide",
  47: "both annotations: cluster-wide",
  49: "round trip, strict",
  50: "stringData before data",
  51: "round trip, cluster-wide",
  52: "the annotation cluster-wide turned false",
  53: "round trip, namespace-wide",
  54: "the annotation namespace-wide turned false",
  55: "a template with a value and with toJson",
  56: "a template without encrypted items",
  58: "ordinary annotations stay, last-applied ones go",
  61: "bad base64 names the item",
  63: "document separators",
  64: "the modulus and the exponent of a PEM certificate",
  65: "--cert by path, HTTP and file URL",
  66: "two JSON objects",
  67: "two YAML documents",
  68: "data and stringData",
  69: "no namespace: the client's",
  70: "namespace-wide without a namespace",
  71: "cluster-wide without a namespace",
  72: "cluster-wide with a namespace",
  73: "--scope namespace-wide",
  74: "--scope cluster-wide",
  75: "recovery with a PEM key",
  76: "recovery with a List",
  77: "merge adds item, annotation and label",
  78: "merge replaces them",
  79: "merge of another name and namespace",
  80: "raw strict",
  81: "raw namespace-wide",
  82: "raw cluster-wide",
  83: "a private key from a Secret dump",
  84: "a private key from PEM",
  85: "namespace mismatch with -n",
  86: "the same namespace in both",
  87: "another namespace, not explicit",
  88: "no namespace, explicit -n",
  89: "--version names a version, though built without one",
  90: "a missing certificate; raw without namespace, without name",
  91: "-w with a .yaml name; what was there stays on failure",
};

const weaknesses: Readonly<Record<string, string>> = {
  W3: "silent skips",
  W4: "variables that cannot be read become zero",
  W5: "quiet loss on edit",
  W6: "merge crashes without a map of labels or annotations",
  W7: "server fields in templates",
  W15: "merge turns YAML into JSON",
  W16: "--raw leaves -f aside",
  W17: "notices in the product",
  W18: "--scope strict over an annotation",
  W19: "item names that YAML takes for booleans",
  W20: "one opaque error",
  W21: "a recovery key that is none",
  W22: "-w: mode, link, temporary file, emptied",
  W29: "rotate answers 500",
  W30: "several documents",
};

/** What the suite promises to cover: a row for each mode and outcome, scope and format, scenario and weakness. */
export const coverageRows: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    modes.flatMap((mode) => [
      [`${mode}: done`, "kubeseal succeeds"],
      [`${mode}: refused`, "kubeseal fails"],
    ]),
  ),
  ...Object.fromEntries(
    ["strict", "namespace-wide", "cluster-wide"].flatMap((scope) => [
      ...["json", "yaml"].map((format) => [`seal: ${scope} as ${format}`, "by --scope or its default"]),
      [`raw: ${scope}`, "by --scope or its default"],
    ]),
  ),
  "usage error": "kubeseal ends with 2",
  ...Object.fromEntries(Object.entries(scenarios).map(([number, text]) => [`scenario ${number}`, text])),
  ...weaknesses,
};

/** The row of a scenario, by its number, or of a weakness. */
export function rowNamed(row: number | string): string {
  return typeof row === "number" ? `scenario ${row}` : row;
}

/** The rows a case covers. */
export function rowsOf(mode: Mode, { args, exit = 0, proves = [] }: DifferentialCase): string[] {
  const scope = flagOf(args, "--scope") || "strict";
  const format = (flagOf(args, "-o", "--format") || "json").toLowerCase();
  return [
    `${mode}: ${exit === 0 ? "done" : "refused"}`,
    ...(mode === "seal" && exit === 0 ? [`seal: ${scope} as ${format}`] : []),
    ...(mode === "raw" && exit === 0 ? [`raw: ${scope}`] : []),
    ...(exit === 2 ? ["usage error"] : []),
    ...proves.map(rowNamed),
  ];
}

function flagOf(args: readonly string[], ...names: string[]): string | undefined {
  const at = args.findIndex((arg) => names.some((name) => arg === name || arg.startsWith(`${name}=`)));
  const arg = args[at];
  return arg?.includes("=") === true ? arg.slice(arg.indexOf("=") + 1) : args[at + 1];
}

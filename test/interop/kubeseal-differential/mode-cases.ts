import { type DifferentialCase, SAME_OBJECTS } from "./differential-case.ts";
import { plain } from "./plain-secrets.ts";

const seal = (...args: string[]) => ["--cert", "cert.pem", "-f", "secret.yaml", ...args];

/** Help, version, and which mode wins. */
export const modeCases: readonly DifferentialCase[] = [
  { name: "--version", args: ["--version"], proves: [35] },
  {
    name: "--version by the product's own name",
    args: ["--version"],
    program: "signet",
    proves: [35],
    differs: { "version-line": { stdout: /^signet version: \S+\n$/ } },
  },
  {
    name: "--version as a plugin of kubectl",
    args: ["--version"],
    program: "kubectl-signet",
    proves: [89],
    differs: { "version-line": { stdout: /^signet version: \d+\.\d+\.\d+\S*\n$/ } },
  },
  {
    name: "--version before all else",
    args: ["--version", "--cert", "missing.pem", "-f", "missing"],
    proves: [35],
  },
  { name: "--help", args: ["--help"], differs: { "help-page": { stdout: [/^Usage/m, /--scope/] } } },
  { name: "-h", args: ["-h"], differs: { "help-page": { stdout: [/^Usage/m, /--scope/], notices: "" } } },
  {
    name: "--help before all else",
    args: ["--raw", "--from-file", "x", "--help"],
    differs: { "help-page": { stdout: [/^Usage/m, /--scope/] } },
  },
  {
    name: "--help before --version",
    args: ["--version", "--help"],
    differs: { "help-page": { stdout: [/^Usage/m, /--scope/] } },
  },
  {
    name: "--from-file without --raw",
    args: seal("--from-file", "notes.txt"),
    exit: 1,
    says: "--from-file requires --raw",
  },
  {
    name: "--from-file without --raw before a missing input",
    args: ["--from-file", "x", "-f", "missing"],
    exit: 1,
    says: "--from-file requires --raw",
  },
  {
    name: "--from-file with --fetch-cert",
    args: ["--from-file", "x", "--fetch-cert", "--cert", "cert.pem"],
    exit: 1,
    says: "--from-file requires --raw",
  },
  {
    name: "the input before the certificate",
    args: ["-f", "missing", "--cert", "missing.pem"],
    exit: 1,
    says: "Could not read file specified with --secret-file",
  },
  { name: "--fetch-cert before --raw", args: ["--cert", "cert.pem", "--fetch-cert", "--raw"] },
  {
    name: "--fetch-cert before --merge-into",
    args: ["--cert", "cert.pem", "--fetch-cert", "--merge-into", "missing"],
  },
  {
    name: "--merge-into before --raw",
    args: ["--cert", "cert.pem", "--merge-into", "sealed.json", "--raw"],
    stdin: `${plain}stringData: {a: b}\n`,
    differs: { "kept-layout": { files: { "sealed.json": SAME_OBJECTS } } },
  },
  {
    name: "--validate before --re-encrypt",
    args: ["--validate", "--re-encrypt", "-f", "sealed.json"],
    env: { KUBECONFIG: "@KUBECONFIG@" },
    cluster: "reference",
    differs: {
      "output-file": { files: { "sealed.json": /"kind": "SealedSecret"/ }, modes: { "sealed.json": 0o644 } },
    },
  },
  {
    name: "--validate before --fetch-cert",
    args: ["--validate", "--fetch-cert", "-f", "sealed.json"],
    env: { KUBECONFIG: "@KUBECONFIG@" },
    cluster: "reference",
  },
  {
    name: "--re-encrypt before --fetch-cert",
    args: ["--re-encrypt", "--fetch-cert", "-f", "sealed-old.json"],
    env: { KUBECONFIG: "@KUBECONFIG@" },
    cluster: "reference",
    differs: {
      "kept-layout": { files: { "sealed-old.json": SAME_OBJECTS } },
      "output-file": { modes: { "sealed-old.json": 0o644 } },
    },
  },
  {
    name: "--validate needs a cluster, whatever --cert says",
    args: ["--validate", "--cert", "cert.pem", "-f", "sealed.json"],
    exit: 1,
    says: "invalid configuration: no configuration has been provided",
  },
  { name: "--name without --raw renames", args: seal("--name", "renamed") },
  {
    name: "no flags at all",
    args: [],
    exit: 1,
    says: "invalid configuration: no configuration has been provided",
  },
  { name: "a recovery key without --recovery-unseal", args: seal("--recovery-private-key", "missing.pem") },
  {
    name: "a Secret typed at a terminal",
    args: ["--cert", "cert.pem"],
    stdin: `${plain}data: {a: aGk=}\n`,
    atTerminal: true,
  },
  {
    name: "a value typed at a terminal",
    args: ["--cert", "cert.pem", "--raw", "--scope", "cluster-wide"],
    stdin: "typed\n",
    atTerminal: true,
  },
  {
    name: "a merge typed at a terminal",
    args: ["--cert", "cert.pem", "--merge-into", "sealed.json"],
    stdin: `${plain}stringData: {a: b}\n`,
    atTerminal: true,
    differs: { "kept-layout": { files: { "sealed.json": SAME_OBJECTS } } },
  },
  { name: "-f at a terminal", args: seal(), stdin: "\n", atTerminal: true },
  {
    name: "--fetch-cert at a terminal",
    args: ["--cert", "cert.pem", "--fetch-cert"],
    stdin: "\n",
    atTerminal: true,
  },
  {
    name: "recovery typed at a terminal",
    args: ["--recovery-unseal", "--recovery-private-key", "key.pem"],
    stdin: "@sealed.yaml@",
    atTerminal: true,
  },
];

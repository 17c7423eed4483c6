import { type DifferentialCase, refuses } from "./differential-case.ts";
import { plain } from "./plain-secrets.ts";

const seal = (...args: string[]) => ["--cert", "cert.pem", "-f", "secret.yaml", ...args];

/** How flags are written. */
export const spellingCases: readonly DifferentialCase[] = [
  { name: "--flag value", args: ["--cert", "cert.pem", "--format", "yaml", "--secret-file", "secret.yaml"] },
  { name: "--flag=value", args: ["--cert=cert.pem", "--format=yaml", "--secret-file=secret.yaml"] },
  { name: "-f value", args: ["--cert", "cert.pem", "-f", "secret.yaml", "-o", "yaml"] },
  { name: "-fvalue", args: ["--cert", "cert.pem", "-fsecret.yaml", "-oyaml"] },
  { name: "-f=value", args: ["--cert", "cert.pem", "-f=secret.yaml", "-o=yaml"] },
  { name: "formats in capitals", args: seal("-o", "YAML") },
  { name: "an empty format", args: seal("-o", "") },
  { name: "the last of two values", args: seal("-o", "yaml", "-o", "json") },
  { name: "a switch with =false", args: ["--raw=false", ...seal()] },
  { name: "a switch with =true", args: ["--cert", "cert.pem", "--allow-empty-data=true"], stdin: plain },
  { name: "a switch with =T", args: ["--cert", "cert.pem", "--allow-empty-data=T"], stdin: plain },
  {
    name: "flags after --",
    args: ["--cert", "cert.pem", "-f", "secret.yaml", "--", "-o", "yaml"],
    differs: {
      "positional-files": { ...refuses(/files were given both as arguments and with -f/), code: 2 },
    },
  },
  {
    name: "positional arguments",
    args: seal("extra.yaml"),
    differs: {
      "positional-files": { ...refuses(/files were given both as arguments and with -f/), code: 2 },
    },
  },
  { name: "an unknown flag", args: seal("--nope"), exit: 2, says: "unknown flag: --nope" },
  { name: "an unknown letter", args: seal("-x"), exit: 2, says: ["unknown shorthand flag", "x"] },
  { name: "a flag without its value", args: ["--cert"], exit: 2, says: "flag needs an argument: --cert" },
  { name: "a letter without its value", args: ["-f"], exit: 2, says: ["flag needs an argument", "f"] },
  { name: "a switch with another word", args: seal("--raw=maybe"), exit: 2, says: ["maybe", "--raw"] },
  { name: "an unknown scope", args: seal("--scope", "wide"), exit: 2, says: ["wide", "--scope"] },
  { name: "--request-timeout of no duration", args: seal("--request-timeout", "abc") },
  { name: "-v of no number", args: seal("--v=loud"), exit: 2, says: "loud" },
];

/** Flags for clients and for logging, without a cluster to use them. */
export const passiveCases: readonly DifferentialCase[] = [
  ...[
    ["--as", "jane"],
    ["--as-group", "a", "--as-group", "b"],
    ["--as-uid", "1"],
    ["--cluster", "c"],
    ["--context", "c"],
    ["--user", "u"],
    ["--username", "u", "--password", "p"],
    ["--token", "t"],
    ["--server", "https://127.0.0.1:1"],
    ["--certificate-authority", "missing"],
    ["--client-certificate", "missing", "--client-key", "missing"],
    ["--insecure-skip-tls-verify"],
    ["--disable-compression"],
    ["--tls-server-name", "x"],
    ["--proxy-url", "http://127.0.0.1:1"],
    ["--request-timeout", "5s"],
    ["--kubeconfig", "missing"],
    ["--controller-name", "x", "--controller-namespace", "y"],
  ].map((flags): DifferentialCase => ({ name: `${flags.join(" ")}, unused`, args: seal(...flags) })),
  ...[
    ["--add_dir_header"],
    ["--alsologtostderr"],
    ["--alsologtostderrthreshold", "1"],
    ["--legacy_stderr_threshold_behavior=false"],
    ["--log_backtrace_at", "a.go:1"],
    ["--log_dir", "."],
    ["--log_file", "log.txt"],
    ["--log_file_max_size", "10"],
    ["--logtostderr=false"],
    ["--one_output"],
    ["--skip_headers", "--skip_log_headers"],
    ["--stderrthreshold", "1"],
    ["--vmodule", "a=1"],
    ["-v", "0"],
  ].map((flags): DifferentialCase => ({ name: `${flags.join(" ")}, for logging`, args: seal(...flags) })),
  {
    name: "-v 1 tells more",
    args: seal("-v", "1"),
    differs: { "verbose-level": { notices: /^sealed team-a\/db: scope strict/ } },
  },
  {
    name: "-v without a level tells more",
    args: seal("-v"),
    exit: 2,
    says: "flag needs an argument",
    differs: {
      "verbose-level": { code: 0, error: false, stdout: /"kind": "SealedSecret"/, notices: /^sealed team-a/ },
    },
  },
  {
    name: "--v=4 tells more",
    args: seal("--v=4"),
    differs: { "verbose-level": { notices: /^sealed team-a\/db: scope strict/ } },
  },
];

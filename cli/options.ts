import type { OptionSpec, OptionTable, OptionValues } from "./option-spec.ts";
import { sopsOpeningOptions, sopsRecipientOptions } from "./sops/sops-options.ts";

export type { OptionSpec, OptionTable, OptionValues } from "./option-spec.ts";
export { sopsOpeningOptions, sopsRecipientOptions } from "./sops/sops-options.ts";

/** kubeseal's own flags, and the few of ours. */
const own = {
  "secret-file": {
    kind: "text",
    short: "f",
    value: "FILE",
    group: "seal",
    summary: "read Secrets from this file, not standard input",
  },
  "sealed-secret-file": {
    kind: "text",
    short: "w",
    value: "FILE",
    group: "seal",
    summary: "write to this file; .yaml and .yml mean YAML",
  },
  format: {
    kind: "text",
    short: "o",
    value: "json|yaml",
    group: "seal",
    summary: "output format; json when not given",
  },
  cert: {
    kind: "text",
    value: "FILE|URL",
    group: "seal",
    summary: "certificate to seal with; no cluster is asked then",
  },
  "for-cluster": {
    kind: "list",
    value: "NAME",
    group: "seal",
    summary: "seal for these clusters of .signet.yaml",
  },
  scope: {
    kind: "text",
    value: "strict|namespace-wide|cluster-wide",
    group: "seal",
    summary: "where else the values open; strict when not given",
  },
  name: { kind: "text", value: "NAME", group: "seal", summary: "name of the sealed Secret" },
  "allow-empty-data": {
    kind: "switch",
    group: "seal",
    summary: "accept a Secret with neither data nor stringData",
  },
  backend: {
    kind: "text",
    value: "cluster|kms|vault|sops",
    group: "seal",
    summary: "whose key values are sealed under; the cluster's when not given",
  },
  "kms-key": {
    kind: "text",
    value: "KEY",
    group: "seal",
    summary: "seal under this key of AWS KMS: ARN or alias/NAME",
  },
  "vault-key": {
    kind: "text",
    value: "MOUNT/KEY",
    group: "seal",
    summary: "seal under this key of Vault's Transit engine",
  },
  "fetch-cert": { kind: "switch", group: "mode", summary: "print the certificate and stop" },
  raw: { kind: "switch", group: "mode", summary: "seal one value and print it in base64" },
  "from-file": {
    kind: "list",
    value: "FILE",
    group: "mode",
    summary: "with --raw: file that holds the value",
  },
  item: {
    kind: "text",
    value: "KEY",
    group: "mode",
    summary: "with --raw: item the value is for, where the backend binds it to one",
  },
  "merge-into": {
    kind: "text",
    value: "FILE",
    group: "mode",
    summary: "seal the input into the SealedSecret of this file",
  },
  validate: {
    kind: "switch",
    group: "mode",
    summary: "ask the controller whether it can open the input",
  },
  "re-encrypt": {
    kind: "switch",
    group: "mode",
    summary: "have the input sealed again with the newest key",
  },
  rotate: { kind: "switch", group: "mode", summary: "older name of --re-encrypt" },
  "recovery-unseal": {
    kind: "switch",
    group: "mode",
    summary: "open a SealedSecret with private keys, offline",
  },
  "recovery-private-key": {
    kind: "list",
    value: "FILE",
    group: "mode",
    summary: "with --recovery-unseal: files that hold private keys",
  },
} as const satisfies OptionTable;

/** For values under keys of AWS KMS and Vault, sealing and opening alike. */
export const keyServiceOptions = {
  "cluster-id": {
    kind: "text",
    value: "ID",
    group: "seal",
    summary: "the cluster the values are for, where the backend binds them to one",
  },
  "kms-allowed-keys": {
    kind: "list",
    value: "PATTERN",
    group: "seal",
    summary: "keys of AWS KMS that values may be opened with; those of signet allow when not given",
  },
  "vault-allowed-keys": {
    kind: "list",
    value: "PATTERN",
    group: "seal",
    summary: "the same for Vault, as MOUNT/KEY",
  },
  "vault-addr": { kind: "text", value: "URL", group: "cluster", summary: "address of Vault; or VAULT_ADDR" },
  "vault-namespace": {
    kind: "text",
    value: "NAMESPACE",
    group: "cluster",
    summary: "namespace inside Vault; or VAULT_NAMESPACE",
  },
  "vault-ca-cert": {
    kind: "text",
    value: "FILE",
    group: "cluster",
    summary: "certificates that Vault's is signed by; or VAULT_CACERT",
  },
  "vault-token-file": {
    kind: "text",
    value: "FILE",
    group: "cluster",
    summary: "file with a token for Vault; else VAULT_TOKEN or ~/.vault-token",
  },
} as const satisfies OptionTable;

/** Which controller, found by which kubeconfig. */
export const controllerOptions = {
  "controller-name": {
    kind: "text",
    value: "NAME",
    group: "cluster",
    summary: "its Service; sealed-secrets-controller by default",
  },
  "controller-namespace": {
    kind: "text",
    value: "NAMESPACE",
    group: "cluster",
    summary: "namespace of that Service; kube-system by default",
  },
  "accept-certificate": {
    kind: "text",
    value: "FINGERPRINT",
    group: "cluster",
    summary: "take this certificate of the controller and no other, though it differs from the one last seen",
  },
  kubeconfig: { kind: "text", value: "FILE", group: "cluster", summary: "kubeconfig to use" },
} as const satisfies OptionTable;

/** For files given as arguments. */
export const fileOptions = {
  "in-place": {
    kind: "switch",
    group: "files",
    summary: "write each file's result back to the file",
  },
  "output-dir": {
    kind: "text",
    value: "FOLDER",
    group: "files",
    summary: "write results below this folder",
  },
} as const satisfies OptionTable;

/** kubectl's flags for reaching a cluster. */
export const clientOptions = {
  namespace: {
    kind: "text",
    short: "n",
    value: "NAMESPACE",
    group: "cluster",
    summary: "namespace of Secrets that name none; another one in the Secret is an error",
  },
  context: { kind: "text", value: "NAME", group: "cluster", summary: "context of the kubeconfig" },
  cluster: { kind: "text", value: "NAME", group: "cluster", summary: "cluster of the kubeconfig" },
  user: { kind: "text", value: "NAME", group: "cluster", summary: "user of the kubeconfig" },
  server: { kind: "text", value: "URL", group: "cluster", summary: "address of the API server" },
  token: { kind: "text", value: "TOKEN", group: "cluster", summary: "bearer token" },
  username: { kind: "text", value: "NAME", group: "cluster", summary: "user name for basic authentication" },
  password: {
    kind: "text",
    value: "PASSWORD",
    group: "cluster",
    summary: "password for basic authentication",
  },
  as: { kind: "text", value: "NAME", group: "cluster", summary: "user to impersonate" },
  "as-group": {
    kind: "repeated",
    value: "GROUP",
    group: "cluster",
    summary: "group to impersonate; repeatable",
  },
  "as-uid": { kind: "text", value: "UID", group: "cluster", summary: "UID to impersonate" },
  "certificate-authority": { kind: "text", value: "FILE", group: "cluster", summary: "CA of the API server" },
  "client-certificate": { kind: "text", value: "FILE", group: "cluster", summary: "client certificate" },
  "client-key": { kind: "text", value: "FILE", group: "cluster", summary: "key of the client certificate" },
  "insecure-skip-tls-verify": {
    kind: "switch",
    group: "cluster",
    summary: "do not check who the API server is",
  },
  "tls-server-name": {
    kind: "text",
    value: "NAME",
    group: "cluster",
    summary: "name to expect of the API server",
  },
  "proxy-url": {
    kind: "text",
    value: "URL",
    group: "cluster",
    summary: "proxy on the way to the API server",
  },
  "request-timeout": {
    kind: "text",
    value: "DURATION",
    group: "cluster",
    summary: "longest wait for one answer, as in 5s or 1m; 0 for no limit of your own",
  },
  "disable-compression": {
    kind: "switch",
    group: "cluster",
    summary: "accepted; answers are not compressed",
  },
} as const satisfies OptionTable;

/** Flags of the reference's logging library; accepted without effect, but for the level. */
const logging = {
  v: { kind: "level", short: "v", value: "N", group: "logging", summary: "from 1 on the same as --verbose" },
  add_dir_header: { kind: "switch", group: "logging", summary: "accepted without effect" },
  alsologtostderr: { kind: "switch", group: "logging", summary: "accepted without effect" },
  alsologtostderrthreshold: {
    kind: "text",
    value: "N",
    group: "logging",
    summary: "accepted without effect",
  },
  legacy_stderr_threshold_behavior: { kind: "switch", group: "logging", summary: "accepted without effect" },
  log_backtrace_at: { kind: "text", value: "PLACE", group: "logging", summary: "accepted without effect" },
  log_dir: { kind: "text", value: "FOLDER", group: "logging", summary: "accepted without effect" },
  log_file: { kind: "text", value: "FILE", group: "logging", summary: "accepted without effect" },
  log_file_max_size: { kind: "text", value: "N", group: "logging", summary: "accepted without effect" },
  logtostderr: { kind: "switch", group: "logging", summary: "accepted without effect" },
  one_output: { kind: "switch", group: "logging", summary: "accepted without effect" },
  skip_headers: { kind: "switch", group: "logging", summary: "accepted without effect" },
  skip_log_headers: { kind: "switch", group: "logging", summary: "accepted without effect" },
  stderrthreshold: { kind: "text", value: "N", group: "logging", summary: "accepted without effect" },
  vmodule: { kind: "text", value: "PATTERN", group: "logging", summary: "accepted without effect" },
} as const satisfies OptionTable;

/** What every command has. */
export const generalOptions = {
  verbose: {
    kind: "switch",
    group: "general",
    summary: "tell scope and certificate on standard error",
  },
  help: { kind: "switch", short: "h", group: "general", summary: "print this help" },
  version: { kind: "switch", group: "general", summary: "print the version" },
} as const satisfies OptionTable;

/** Every flag that may stand without a command word: kubeseal's, and ours beside them. */
export const kubesealOptions = {
  ...own,
  ...sopsRecipientOptions,
  ...sopsOpeningOptions,
  ...keyServiceOptions,
  ...controllerOptions,
  ...fileOptions,
  ...clientOptions,
  ...logging,
  ...generalOptions,
};

/** What these flags were given as. */
export type KubesealOptions = OptionValues<typeof kubesealOptions>;

/** What says how key services are reached, and which of their keys may be used. */
export type KeyServiceOptions = OptionValues<typeof keyServiceOptions>;

/** What says what entries of SOPS documents may name. */
export type SopsOpeningOptions = KeyServiceOptions & OptionValues<typeof sopsOpeningOptions>;

/** What says for whom SOPS documents are encrypted. */
export type SopsRecipientOptions = OptionValues<typeof sopsRecipientOptions>;

/** What says which cluster, and which controller in it. */
export type ClusterOptions = OptionValues<typeof controllerOptions> & OptionValues<typeof clientOptions>;

/** Whether a mode's input is a stream, from standard input or `-f`, rather than files. */
export function isStream(
  options: Pick<KubesealOptions, "in-place" | "output-dir">,
  positionals: readonly string[],
): boolean {
  return positionals.length === 0 && !options["in-place"] && options["output-dir"] === null;
}

/** Whether the user says whose key values are sealed under. */
export function namesBackend(options: BackendOptions): boolean {
  const named = [options["kms-key"], options["vault-key"], ...sopsRecipients(options)];
  return options.backend !== null || named.some((key) => key !== null);
}

/** What says whose key values are sealed under. */
export type BackendOptions = Pick<
  KubesealOptions,
  "backend" | "kms-key" | "vault-key" | "age" | "kms" | "hc-vault-transit"
>;

/** The recipients of a SOPS document that flags or variables name, whatever service they are of. */
export function sopsRecipients(
  options: Pick<BackendOptions, "age" | "kms" | "hc-vault-transit">,
): readonly string[] {
  return [...options.age, ...options.kms, ...options["hc-vault-transit"]];
}

/** Whether a flag may also be given as an environment variable. */
export function hasVariable(spec: OptionSpec): boolean {
  return spec.group !== "logging" && spec.group !== "general" && spec.group !== "files";
}

/** Its name there: `SEALED_SECRETS_CONTROLLER_NAME`. */
export function variableOf(name: string): string {
  return `SEALED_SECRETS_${name.toUpperCase().replaceAll("-", "_")}`;
}

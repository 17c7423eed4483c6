import { isKeyPattern, type PatternKind } from "../shared/seal/key-pattern.ts";
import { choice, duration, list, type OptionSpec, text } from "./option-reader.ts";

const MINUTE_MS = 60_000;

/** Options that say which keys of AWS KMS and Vault are used, and how Vault is reached. */
export const KEY_SERVICE_OPTIONS = {
  "kms-allowed-keys": keyPatterns(
    "kms",
    "AWS KMS keys that kms: values may name; {namespace} stands for that of the SealedSecret, * for any text between separators; none for none",
  ),
  "vault-allowed-keys": keyPatterns(
    "vault",
    "Vault Transit keys, MOUNT/KEY, that vault: values may name; {namespace} and * as for --kms-allowed-keys",
  ),
  "kms-allowed-contexts": {
    ...list(
      "Pairs NAME=VALUE of the encryption context that a SOPS document may have besides those that say its place; {namespace} for that of the SealedSecret",
    ),
    read: (value: string) => readList(value, isContextPair),
    form: "NAME=VALUE, separated by commas",
  },
  "vault-addr": {
    ...text("", "Address of Vault"),
    read: (value: string) => (value === "" || isAddress(value) ? value : null),
    form: "https://HOST[:PORT] or http://HOST[:PORT]",
  },
  "vault-namespace": text("", "Namespace inside Vault (Enterprise)"),
  "vault-ca-file": text(
    "",
    "File with the certificates that Vault's is signed by, in PEM; default: the system's",
  ),
  "vault-redirect-addrs": {
    ...list("Further addresses that Vault may send us to, such as those of its other nodes"),
    read: (value: string) => readList(value, isAddress),
    form: "addresses, separated by commas",
  },
  "vault-auth-method": choice(
    ["kubernetes", "token-file"],
    "kubernetes",
    "How the controller logs in to Vault: with its ServiceAccount, or with a token that somebody else keeps in a file",
  ),
  "vault-auth-mount": path(
    "kubernetes",
    "Where Vault's Kubernetes auth method is mounted, for the controller itself",
  ),
  "vault-role": text("", "Role of that auth method to log in as"),
  "vault-jwt-file": text(
    "/var/run/secrets/kubernetes.io/serviceaccount/token",
    "File with the ServiceAccount token to log in with; read anew for each login",
  ),
  "vault-token-file": text("", "File with a token for Vault, with --vault-auth-method=token-file"),
  "sealing-key-wrap": {
    ...text("", "Key of a key service that wraps the sealing keys: kms:ARN or vault:MOUNT/KEY"),
    read: (value: string) => (value === "" || isWrappingKey(value) ? value : null),
    form: "kms:ARN or vault:MOUNT/KEY",
  },
  "sealing-key-unwrap": {
    ...list("Further keys that sealing keys may be wrapped by, for the time of a migration"),
    read: (value: string) => readList(value, isWrappingKey),
    form: "kms:ARN or vault:MOUNT/KEY, separated by commas",
  },
  "vault-kv-mounts": {
    ...list(
      "Mounts of Vault's KV engine that spec.vault may name; {namespace} as for --kms-allowed-keys; none turns spec.vault off",
    ),
    read: (value: string) => readList(value, (one) => isKeyPattern("vault", `${one}/x`)),
    form: "mounts, separated by commas",
  },
  "vault-kv-role": {
    ...text(
      "",
      "Role to log in as with the ServiceAccount signet-vault of a namespace; {namespace} stands for it",
    ),
    read: (value: string) =>
      /^[A-Za-z0-9_.-]*(?:\{namespace\}[A-Za-z0-9_.-]*)?$/.test(value) ? value : null,
    form: "letters, digits, '_', '.', '-' and at most one {namespace}",
  },
  "vault-kv-auth-mount": path(
    "kubernetes",
    "Where the auth method is mounted that takes those ServiceAccounts",
  ),
  "vault-kv-audience": text(
    "",
    "Audience of the tokens of those ServiceAccounts; never one that the API server accepts",
  ),
  "vault-kv-refresh-interval": duration(5 * MINUTE_MS, "How often Vault is asked for new versions", {
    minMs: 10_000,
    maxMs: 24 * 60 * MINUTE_MS,
  }),
};

function keyPatterns(kind: PatternKind, help: string): OptionSpec<readonly string[]> {
  return {
    ...list(help),
    read: (value) => readList(value, (one) => isKeyPattern(kind, one)),
    form: `${kind === "kms" ? "ARNs" : "MOUNT/KEY"} or patterns, separated by commas`,
  };
}

/** Where something is mounted in Vault. */
function path(fallback: string, help: string): OptionSpec<string> {
  const read = (value: string) =>
    isKeyPattern("vault", `${value}/x`) && !/[*{}]/.test(value) ? value : null;
  return { ...text(fallback, help), read, form: "a path without leading or trailing /" };
}

function readList(value: string, isFit: (one: string) => boolean): readonly string[] | null {
  const all = value
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
  return all.every(isFit) ? all : null;
}

/** Names of ours say where the object stands, and are compared with that; `{namespace}` is a whole value. */
function isContextPair(pair: string): boolean {
  const [, name = "", value = ""] = /^([^=\p{C}]{1,128})=([^\p{C}]{1,1024})$/u.exec(pair) ?? [];
  if (name === "" || name.startsWith("signet-")) return false;
  return value === "{namespace}" || !/[{}]/.test(value);
}

function isAddress(value: string): boolean {
  const form = /^https?:\/\/(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?\/?$/;
  return form.test(value) && URL.canParse(value);
}

/** `kms:` and a key or alias ARN, or `vault:` and MOUNT/KEY; no patterns. */
function isWrappingKey(value: string): boolean {
  const [, kind, key = ""] = /^(kms|vault):(.*)$/.exec(value) ?? [];
  if (kind === undefined || /[*{}]/.test(key)) return false;
  return isKeyPattern(kind === "kms" ? "kms" : "vault", key);
}

import type { Options } from "../../controller/options.ts";

/** An option with its default, texts that are taken and what they become, and texts that are refused. */
export type OptionRow = { name: keyof Options; fallback: unknown; good: [string, unknown][]; bad: string[] };

const MINUTE = 60_000;
const KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const ALIAS = "arn:aws:kms:eu-west-1:111122223333:alias/team/{namespace}";
const list = (text: string): [string, string[]] => [text, text === "" ? [] : text.split(",")];
const anyText: Pick<OptionRow, "fallback" | "good" | "bad"> = {
  fallback: "",
  good: [
    ["a-b", "a-b"],
    ["", ""],
  ],
  bad: [],
};
const mount: Pick<OptionRow, "fallback" | "good" | "bad"> = {
  fallback: "kubernetes",
  good: [
    ["k8s", "k8s"],
    ["clusters/one", "clusters/one"],
  ],
  bad: ["", "/k8s", "k8s/", "a//b", "a/../b", ".", "a b", "a%2fb", "a?b", "a#b", "*", "{namespace}"],
};
const addresses = [
  "https://vault.example:8200",
  "https://vault.example/",
  "http://127.0.0.1:8200",
  "https://[::1]:1",
];
const notAddresses = [
  "vault.example:8200",
  "ftp://vault.example",
  "https://",
  "https://vault.example:65536",
  "https://vault.example/v1",
  "https://user:secret@vault.example",
  "https://vault.example?x",
  "https://a b",
];

/** The options of AWS KMS and Vault. */
export const keyServiceRows: OptionRow[] = [
  {
    name: "kms-allowed-contexts",
    fallback: [],
    good: [list(""), list("team=a"), list("team=a=b,team={namespace}"), [" app=x y ,", ["app=x y"]]],
    bad: [
      "team",
      "=a",
      "team=",
      "team=a,b",
      "signet-namespace=other",
      "signet-x={namespace}",
      "team=x{namespace}",
      "{namespace}={",
      "team=a\tb",
    ],
  },
  {
    name: "kms-allowed-keys",
    fallback: [],
    good: [list(""), list(KEY), list(`${KEY},${ALIAS}`), [` ${KEY} ,`, [KEY]], list("arn:*:kms:*:*:key/*")],
    bad: [
      "x",
      "alias/app",
      KEY.replace("kms", "s3"),
      `${KEY}/`,
      "arn:aws:kms:eu:1:alias/a{namespace}",
      "arn:aws:kms:eu:1:alias/*{namespace}",
      `${KEY},x`,
      `${KEY} ${KEY}`,
    ],
  },
  {
    name: "vault-allowed-keys",
    fallback: [],
    good: [list(""), list("transit/app"), list("a/b/app,transit/{namespace}"), list("transit/app-*")],
    bad: [
      "transit",
      "/transit/app",
      "transit/app/",
      "transit//app",
      "transit/../app",
      "transit/{namespace}*",
      "transit/{name}",
      "a/b c",
    ],
  },
  {
    name: "vault-addr",
    fallback: "",
    good: [...addresses, ""].map((address): [string, string] => [address, address]),
    bad: notAddresses,
  },
  { name: "vault-namespace", ...anyText },
  { name: "vault-ca-file", ...anyText },
  {
    name: "vault-redirect-addrs",
    fallback: [],
    good: [list(""), list(addresses.join(","))],
    bad: notAddresses,
  },
  {
    name: "vault-auth-method",
    fallback: "kubernetes",
    good: [
      ["token-file", "token-file"],
      ["Kubernetes", "kubernetes"],
    ],
    bad: ["", "token", "approle"],
  },
  { name: "vault-auth-mount", ...mount },
  { name: "vault-role", ...anyText },
  {
    name: "vault-jwt-file",
    ...anyText,
    fallback: "/var/run/secrets/kubernetes.io/serviceaccount/token",
  },
  { name: "vault-token-file", ...anyText },
  {
    name: "sealing-key-wrap",
    fallback: "",
    good: [
      ["", ""],
      [`kms:${KEY}`, `kms:${KEY}`],
      ["vault:transit/app", "vault:transit/app"],
    ],
    bad: [
      KEY,
      "kms:x",
      "vault:transit",
      "vault:transit/*",
      "kms:arn:aws:kms:*:1:key/a",
      "vault:transit/{namespace}",
      "age:x",
    ],
  },
  {
    name: "sealing-key-unwrap",
    fallback: [],
    good: [list(""), list(`kms:${KEY},vault:a/b`)],
    bad: ["x", `kms:${KEY},x`, "vault:transit/*"],
  },
  {
    name: "vault-kv-mounts",
    fallback: [],
    good: [list(""), list("secret,tenants/{namespace}")],
    bad: ["/secret", "secret/", "a/../b", "a b"],
  },
  {
    name: "vault-kv-role",
    fallback: "",
    good: [
      ["", ""],
      ["tenant", "tenant"],
      ["tenant-{namespace}", "tenant-{namespace}"],
    ],
    bad: ["a b", "{name}", "{namespace}{namespace}", "a/b"],
  },
  { name: "vault-kv-auth-mount", ...mount },
  { name: "vault-kv-audience", ...anyText },
  {
    name: "vault-kv-refresh-interval",
    fallback: 5 * MINUTE,
    good: [
      ["10s", 10_000],
      ["24h", 24 * 60 * MINUTE],
    ],
    bad: ["", "9s", "0", "25h", "5", "-1m"],
  },
];

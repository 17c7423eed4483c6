import type { DifferentialCase } from "./differential-case.ts";
import { annotation, homeless, json, one, plain, two, withCert } from "./plain-secrets.ts";

/** Scope by scope, format by format, with and without a namespace in the Secret. */
export const scopeCases = ["strict", "namespace-wide", "cluster-wide"].flatMap((scope) =>
  ["json", "yaml"].flatMap((format): DifferentialCase[] => [
    {
      name: `${scope} as ${format}, namespace in the Secret`,
      args: withCert(["--scope", scope, "--format", format]),
      stdin: `${plain}data: {a: aGk=}\nstringData: {b: text}\n`,
      proves: scope === "strict" ? [49, 68] : scope === "namespace-wide" ? [53, 73] : [51, 74, 72],
    },
    {
      name: `${scope} as ${format}, namespace of -n`,
      args: withCert(["--scope", scope, `-o${format}`, "-n", "team-b"]),
      stdin: `${homeless}data: {a: aGk=}\n`,
      proves: scope === "cluster-wide" ? [74, 71] : [88, 30],
    },
  ]),
);

/** What Secrets look like. */
export const shapeCases: readonly DifferentialCase[] = [
  { name: "JSON on standard input", args: withCert([]), stdin: one, proves: [26, 66] },
  { name: "two JSON objects in a row", args: withCert([]), stdin: `${one}${two}`, proves: [66] },
  {
    name: "two JSON objects in two lines",
    args: withCert(["-o", "yaml"]),
    stdin: `${one}\n${two}\n`,
    proves: [66],
  },
  {
    name: "two YAML documents",
    args: withCert(["-o", "yaml"]),
    stdin: `---\n${plain}data: {a: aGk=}\n---\n${plain}data: {b: aGk=}\n---\n`,
    proves: [67, 63],
  },
  {
    name: "JSON, then YAML",
    args: withCert([]),
    stdin: `${one}\n---\n${plain}data: {a: aGk=}\n`,
    proves: [63],
  },
  {
    name: "an empty document between two",
    args: withCert([]),
    stdin: `${one}\n---\n# none\n---\n${two}`,
    proves: [63],
  },
  {
    name: "stringData wins over data",
    args: withCert([]),
    stdin: `${plain}data: {a: aGk=, b: aGk=}\nstringData: {a: wins}\n`,
    proves: [50],
  },
  {
    name: "null and empty values",
    args: withCert([]),
    stdin: `${plain}data: {a: null, b: ""}\nstringData: {c: null}\n`,
  },
  {
    name: "a value of several lines",
    args: withCert([]),
    stdin: `${plain}stringData:\n  a: |\n    one\n\n    two\n  b: >-\n    folded\n    text\n`,
  },
  { name: "a binary value", args: withCert(["-oyaml"]), stdin: `${plain}data: {a: AP+ACg==}\n` },
  {
    name: "base64 folded into lines",
    args: withCert([]),
    stdin: `${plain}data:\n  a: |\n    aGVs\n    bG8=\n`,
  },
  {
    name: "a long value",
    args: withCert([]),
    stdin: `${plain}stringData: {a: "${"0123456789".repeat(5000)}"}\n`,
  },
  {
    name: "many items",
    args: withCert(["-o", "yaml"]),
    stdin: json({
      metadata: { name: "db", namespace: "team-a" },
      stringData: Object.fromEntries(
        Array.from({ length: 20 }, (_, at) => [`item-${String.fromCharCode(97 + at)}`, `value ${at}`]),
      ),
    }),
  },
  {
    name: "type and immutable",
    args: withCert([]),
    stdin: `${plain}type: kubernetes.io/tls\nimmutable: true\ndata: {tls.crt: aGk=, tls.key: aGk=}\n`,
  },
  {
    name: "immutable: false as YAML",
    args: withCert(["-o", "yaml"]),
    stdin: `${plain}immutable: false\ndata: {a: aGk=}\n`,
  },
  {
    name: "labels and ordinary annotations",
    args: withCert(["-o", "yaml"]),
    stdin: `${plain}  labels: {app: db, "10": x}\n  annotations: {z: "true", note: "a: b # c"}\ndata: {a: aGk=}\n`,
    proves: [58],
  },
  {
    name: "last-applied annotations go",
    args: withCert([]),
    stdin: `${plain}  annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}", kubecfg.ksonnet.io/last-applied-configuration: "{}", keep: x}\ndata: {a: aGk=}\n`,
    proves: [58],
  },
  {
    name: "what a cluster wrote goes",
    args: withCert([]),
    stdin: `${plain}  uid: "1"\n  resourceVersion: "2"\n  generation: 3\n  creationTimestamp: "2020-01-01T00:00:00Z"\n  deletionGracePeriodSeconds: 3\n  ownerReferences: [{apiVersion: v1, kind: Pod, name: x, uid: y}]\n  selfLink: /x\ndata: {a: aGk=}\n`,
    proves: [58],
  },
  {
    name: "the mark skip-set-owner-references",
    args: withCert([]),
    stdin: `${plain}${annotation("skip-set-owner-references")}data: {a: aGk=}\n`,
  },
  {
    name: "generateName beside a name",
    args: withCert([]),
    stdin: `${plain}  generateName: db-\ndata: {a: aGk=}\n`,
  },
  {
    name: "empty maps and an empty type",
    args: withCert([]),
    stdin: `${plain}  labels: {}\n  annotations: {}\ntype: ""\ndata: {a: aGk=}\n`,
  },
  {
    name: "a byte order mark and CR LF",
    args: withCert([]),
    stdin: `\ufeff${plain}stringData: {a: b}\n`.replaceAll("\n", "\r\n"),
  },
  {
    name: "anchors and merge keys",
    args: withCert([]),
    stdin: `${plain}  labels: &l {a: b}\n  annotations:\n    <<: *l\n    c: d\nstringData: *l\n`,
  },
  {
    name: "values of other types, as they are read alike",
    args: withCert([]),
    stdin: `${plain}stringData: {a: 12, b: 1.5, c: true, d: -5, e: 2020-01-01}\n`,
  },
  {
    name: "unknown fields pass",
    args: withCert([]),
    stdin: `${plain}  nonsense: 1\nextra: {a: b}\ndata: {a: aGk=}\n`,
  },
  {
    name: "text beyond ASCII",
    args: withCert(["-o", "yaml"]),
    stdin: `${plain}  annotations: {a: "hé✓ 😀 <&>"}\nstringData: {a: "hé✓"}\n`,
  },
  {
    name: "text beyond ASCII as JSON",
    args: withCert([]),
    stdin: `${plain}  annotations: {a: "hé✓ 😀 <&>"}\nstringData: {a: "hé✓"}\n`,
  },
  {
    name: "an annotation that is folded",
    args: withCert(["-o", "yaml"]),
    stdin: `${plain}  annotations: {a: "${"words and more ".repeat(20)}"}\ndata: {a: aGk=}\n`,
  },
  { name: "no items, by leave", args: withCert(["--allow-empty-data"]), stdin: plain },
  {
    name: "no items, by leave, as YAML",
    args: withCert(["--allow-empty-data", "-o", "yaml"]),
    stdin: `${plain}data: {}\n`,
  },
  {
    name: "a flow mapping over lines, tabs in values",
    args: withCert([]),
    stdin: `{apiVersion: v1, kind: Secret,\n metadata: {name: db, namespace: team-a},\n stringData: {a: "x\\ty"}}\n`,
  },
];

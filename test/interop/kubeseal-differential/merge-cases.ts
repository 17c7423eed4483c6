import { type Differences, type DifferentialCase, SAME_OBJECTS } from "./differential-case.ts";
import { mendedMergeCases } from "./merge-mended-cases.ts";
import { homeless, json, one, plain, two } from "./plain-secrets.ts";

const into = (file: string, ...args: string[]) => ["--merge-into", file, "--cert", "cert.pem", ...args];
const added = `${plain}stringData: {added: "1"}\n`;
/** The file holds what kubeseal puts into it, and looks as it did. */
const sameIn = (file: string): Differences => ({
  "kept-layout": { files: { [file]: SAME_OBJECTS } },
});
/** What is taken over, what stays. */
const merged: readonly DifferentialCase[] = [
  {
    name: "a new item into JSON",
    args: into("sealed.json"),
    stdin: added,
    proves: [77],
    differs: sameIn("sealed.json"),
  },
  {
    name: "a new item into YAML, as YAML",
    args: into("sealed.yaml", "-o", "yaml"),
    stdin: added,
    proves: [77],
    differs: { "kept-layout": { files: { "sealed.yaml": SAME_OBJECTS } } },
  },
  {
    name: "a new item into YAML, no format given",
    args: into("sealed.yaml"),
    stdin: added,
    proves: ["W15"],
    differs: {
      "kept-layout": {
        files: {
          "sealed.yaml": [
            /^# who may log in\n/,
            /# rotated by hand\n/,
            /\n {4}added: <current label:team-a\/db MQ==>\n/,
          ],
        },
      },
    },
  },
  {
    name: "YAML becomes JSON when asked to",
    args: into("sealed.yaml", "-o", "json"),
    stdin: added,
    proves: ["W15"],
  },
  { name: "JSON becomes YAML when asked to", args: into("sealed.json", "-o", "yaml"), stdin: added },
  {
    name: "a new value for an old item",
    args: into("sealed.json"),
    stdin: `${plain}stringData: {password: new}\n`,
    proves: [78],
    differs: sameIn("sealed.json"),
  },
  {
    name: "all items anew",
    args: into("sealed.json"),
    stdin: `${plain}stringData: {password: new, user: new}\n`,
    proves: [78],
    differs: sameIn("sealed.json"),
  },
  {
    name: "label and annotation are added",
    args: into("sealed.json"),
    stdin: `${plain}  labels: {tier: x}\n  annotations: {added: z}\nstringData: {added: "1"}\n`,
    proves: [77],
    differs: sameIn("sealed.json"),
  },
  {
    name: "label and annotation are replaced",
    args: into("sealed.json"),
    stdin: `${plain}  labels: {app: new}\n  annotations: {note: new}\nstringData: {password: new}\n`,
    proves: [78],
    differs: sameIn("sealed.json"),
  },
  {
    name: "label and annotation into YAML",
    args: into("sealed.yaml", "-o", "yaml"),
    stdin: `${plain}  labels: {app: new, b: c}\n  annotations: {note: new}\nstringData: {password: new}\n`,
    proves: [78],
    differs: sameIn("sealed.yaml"),
  },
  {
    name: "another name and namespace: the file's count",
    args: into("sealed.json"),
    stdin: two,
    proves: [79],
    differs: sameIn("sealed.json"),
  },
  {
    name: "neither name nor namespace",
    args: into("sealed.json"),
    stdin: "apiVersion: v1\nkind: Secret\nstringData: {added: x}\n",
    proves: [79],
    differs: sameIn("sealed.json"),
  },
  {
    name: "no namespace",
    args: into("sealed.json"),
    stdin: `${homeless}stringData: {added: x}\n`,
    proves: [79],
    differs: sameIn("sealed.json"),
  },
  {
    name: "--name does not rename",
    args: into("sealed.json", "--name", "other"),
    stdin: added,
    proves: [79],
    differs: sameIn("sealed.json"),
  },
  { name: "-f", args: into("sealed.json", "-f", "secret.yaml"), differs: sameIn("sealed.json") },
  {
    name: "type and immutable are not taken over",
    args: into("sealed.json"),
    stdin: `${plain}type: other\nimmutable: true\nstringData: {added: x}\n`,
    differs: sameIn("sealed.json"),
  },
  {
    name: "no items, by leave",
    args: into("sealed.json", "--allow-empty-data"),
    stdin: `${plain}  labels: {added: x}\n`,
    differs: sameIn("sealed.json"),
  },
  {
    name: "a file sealed under an older key",
    args: into("sealed-old.json"),
    stdin: added,
    differs: sameIn("sealed-old.json"),
  },
  {
    name: "template data stays",
    args: into("sealed-templated.json"),
    stdin: added,
    differs: sameIn("sealed-templated.json"),
  },
  {
    name: "type and immutable of the file stay",
    args: into("sealed-typed.json"),
    stdin: added,
    differs: sameIn("sealed-typed.json"),
  },
  {
    name: "the same namespace by -n",
    args: into("sealed.json", "-n", "team-a"),
    stdin: added,
    differs: sameIn("sealed.json"),
  },
  {
    name: "into a namespace-wide file, with the scope",
    args: into("sealed-wide.json", "--scope", "namespace-wide"),
    stdin: added,
    differs: sameIn("sealed-wide.json"),
  },
  {
    name: "into a cluster-wide file, with the scope",
    args: into("sealed-everywhere.json", "--scope", "cluster-wide"),
    stdin: added,
    differs: sameIn("sealed-everywhere.json"),
  },
  {
    name: "into a namespace-wide file, by annotation",
    args: into("sealed-wide.json"),
    stdin: `${plain}  annotations: {sealedsecrets.bitnami.com/namespace-wide: "true"}\nstringData: {added: x}\n`,
    differs: sameIn("sealed-wide.json"),
  },
  {
    name: "-w beside it",
    args: into("sealed.json", "-w", "out.json"),
    stdin: added,
    files: { "out.json": "before\n" },
    proves: ["W22"],
    differs: {
      "kept-layout": { files: { "sealed.json": SAME_OBJECTS } },
      "output-file": { files: { "out.json": "before\n" }, modes: { "out.json": 0o644 } },
    },
  },
  {
    name: "a link stays, and the mode",
    args: into("link.json"),
    stdin: added,
    files: { "link.json": { link: "aim.json" }, "aim.json": { content: "@sealed.json@", mode: 0o640 } },
    differs: sameIn("aim.json"),
  },
  {
    name: "with the cluster's certificate",
    args: ["--merge-into", "sealed-old.json"],
    env: { KUBECONFIG: "@KUBECONFIG@" },
    stdin: added,
    cluster: "both",
    differs: sameIn("sealed-old.json"),
  },
  {
    name: "a file with the note of a sealing key",
    args: into("sealed-hinted.json"),
    stdin: added,
    differs: sameIn("sealed-hinted.json"),
  },
];

const refused: readonly DifferentialCase[] = [
  {
    name: "another namespace by -n",
    args: into("sealed.json", "-n", "team-b"),
    stdin: added,
    exit: 1,
    says: ["namespace mismatch", '"team-a" but "team-b" was specified'],
  },
  {
    name: "a file that is not there",
    args: into("missing.json"),
    stdin: added,
    exit: 1,
    says: ["missing.json", "no such file or directory"],
  },
  {
    name: "a file that is no SealedSecret",
    args: into("secret.yaml"),
    stdin: added,
    exit: 1,
    says: "SealedSecret",
  },
  {
    name: "an empty file",
    args: into("empty.txt"),
    stdin: added,
    exit: 2,
    says: "panic",
    differs: { "merge-crash": { code: 1, says: /no SealedSecret to merge into in empty\.txt/ } },
  },
  {
    name: "prose",
    args: into("notes.txt"),
    stdin: added,
    exit: 1,
    says: "couldn't get version/kind",
    differs: { "other-kind": { says: /no SealedSecret to merge into in notes\.txt/ } },
  },
  {
    name: "no items",
    args: into("sealed.json"),
    stdin: plain,
    exit: 1,
    says: ["secret.data is empty in input Secret", "--allow-empty-data can be used"],
  },
  {
    name: "nothing on standard input",
    args: into("sealed.json"),
    exit: 1,
    says: "no secrets found. Ensure the input is valid and UTF-8 encoded",
  },
  {
    name: "broken input",
    args: into("sealed.json"),
    stdin: "{broken",
    exit: 1,
    says: "no secrets found",
    differs: { "bad-document": { says: /standard input, document 1: line 1, column 2/ } },
  },
  {
    name: "bad base64",
    args: into("sealed.json"),
    stdin: json({ metadata: { name: "db", namespace: "team-a" }, data: { a: "####" } }),
    exit: 1,
    says: "base64",
    proves: [61],
  },
  {
    name: "the certificate first",
    args: ["--merge-into", "missing.json", "--cert", "missing.pem"],
    stdin: one,
    exit: 1,
    says: "missing.pem",
  },
  {
    name: "an unknown format",
    args: into("sealed.json", "-o", "xml"),
    stdin: added,
    exit: 1,
    says: "unsupported output format: xml",
  },
];

/** `--merge-into`. */
export const mergeCases: readonly DifferentialCase[] = [...merged, ...mendedMergeCases, ...refused];

import {
  type Differences,
  type DifferentialCase,
  fails,
  type Ours,
  SAME_OBJECTS,
} from "./differential-case.ts";

const env = { KUBECONFIG: "@KUBECONFIG@" };
const reEncrypt = (...args: string[]) => ["--re-encrypt", ...args];

/** Written in place: what kubeseal writes, in the file's own layout and with its own mode. */
const inPlace = (file: string): Differences => ({
  "kept-layout": { files: { [file]: SAME_OBJECTS } },
  "output-file": { modes: { [file]: 0o644 } },
});
const templateStays: Ours = { stdout: [/"password": "<current label:[^ ]* aHVudGVyMg==>"/] };
const nothingLeft: Differences = {
  "output-file": { files: { "tmp/.sealed-foreign.json#": null } },
};

/** Alike, whoever the controller is. */
const alike: readonly DifferentialCase[] = [
  { name: "from standard input", args: reEncrypt(), stdin: "@sealed-old.json@", env, cluster: "both" },
  {
    name: "from standard input, as YAML",
    args: reEncrypt("-o", "yaml"),
    stdin: "@sealed-old.json@",
    env,
    cluster: "both",
  },
  {
    name: "-f in place",
    args: reEncrypt("-f", "sealed-old.json"),
    env,
    cluster: "both",
    differs: inPlace("sealed-old.json"),
  },
  {
    name: "-f in place through a link",
    args: reEncrypt("-f", "link.json"),
    env,
    cluster: "both",
    files: { "link.json": { link: "aim.json" }, "aim.json": { content: "@sealed-old.json@", mode: 0o640 } },
    proves: ["W22"],
    differs: {
      "output-file": {
        files: { "link.json": "link to aim.json", "aim.json": /<current label:team-a\/db aHVudGVyMg==>/ },
        modes: { "link.json": 0o777 },
      },
    },
  },
  { name: "-f and -w", args: reEncrypt("-f", "sealed-old.json", "-w", "out.json"), env, cluster: "both" },
  {
    name: "-f and -w with a .yaml name",
    args: reEncrypt("-f", "sealed-old.json", "-w", "out.yaml"),
    env,
    cluster: "both",
  },
  { name: "-w alone", args: reEncrypt("-w", "out.json"), stdin: "@sealed-old.json@", env, cluster: "both" },
  {
    name: "under the newest key already",
    args: reEncrypt(),
    stdin: "@sealed-bare.json@",
    env,
    cluster: "both",
  },
  {
    name: "several documents",
    args: reEncrypt(),
    stdin: "@sealed-old.json@\n---\n@sealed-old.json@",
    env,
    cluster: "both",
    proves: ["W30"],
  },
  {
    name: "--re-encrypt by variable",
    args: [],
    env: { ...env, SEALED_SECRETS_RE_ENCRYPT: "1" },
    stdin: "@sealed-old.json@",
    cluster: "both",
  },
  {
    name: "--rotate by variable",
    args: [],
    env: { ...env, SEALED_SECRETS_ROTATE: "true" },
    stdin: "@sealed-old.json@",
    cluster: "both",
  },
  {
    name: "--rotate",
    args: ["--rotate"],
    stdin: "@sealed-old.json@",
    env,
    cluster: "both",
    proves: ["W17"],
    differs: { "rotate-notice": { stdout: /^\{\n {2}"kind": "SealedSecret"/ } },
  },
  {
    name: "--rotate -w",
    args: ["--rotate", "-w", "out.json"],
    stdin: "@sealed-old.json@",
    env,
    cluster: "both",
    proves: ["W17"],
    differs: { "rotate-notice": { stdout: "" } },
  },
  {
    name: "type and immutable",
    args: reEncrypt(),
    stdin: "@sealed-typed.json@",
    env,
    cluster: "both",
    proves: ["W5"],
  },
  {
    name: "a file with the note of a sealing key",
    args: reEncrypt("-f", "sealed-hinted.json", "-o", "yaml", "-w", "out.json"),
    env,
    cluster: "signet",
  },
];

/** Template and metadata, which the reference's controller changes. */
const templates = (
  [
    [
      "namespace-wide",
      "sealed-namespace-wide.json",
      /"template": \{\n *"metadata": \{\n *"name": "db",\n *"namespace": "team-a"\n *\}/,
    ],
    ["cluster-wide", "sealed-cluster-wide.json", /<current label: aHVudGVyMg==>/],
    ["labels of the template", "sealed-old-labelled.json", /"labels": \{\n *"app": "db"/],
    [
      "data of the template",
      "sealed-templated.json",
      /"gone": null,\n *"url": "http:\/\/\{\{ \.user \}\}@host"/,
    ],
    ["YAML with annotations, as JSON", "sealed.yaml", /"note": "kept"/],
  ] as const
).flatMap(([name, file, stays]): DifferentialCase[] => [
  {
    name: `${name}, by the reference's controller`,
    args: reEncrypt(),
    stdin: `@${file}@`,
    env,
    cluster: "reference",
    proves: ["W5", ...(file.includes("templated") ? [55] : [])],
    differs: { "re-encrypt-template": { stdout: [stays, ...(templateStays.stdout as RegExp[])] } },
  },
  { name: `${name}, by Signet's`, args: reEncrypt(), stdin: `@${file}@`, env, cluster: "signet" },
]);

const fromCluster: readonly DifferentialCase[] = [
  {
    name: "as a cluster gives it back, by the reference's controller",
    args: reEncrypt(),
    stdin: "@sealed-from-cluster.json@",
    env,
    cluster: "reference",
    proves: ["W7"],
    differs: {
      "server-metadata": {
        stdout: /"template": \{\n *"metadata": \{\n *"name": "db",\n *"namespace": "team-a"\n *\}\n *\},/,
      },
    },
  },
  {
    name: "as a cluster gives it back, by Signet's",
    args: reEncrypt(),
    stdin: "@sealed-from-cluster.json@",
    env,
    cluster: "signet",
    proves: ["W7"],
  },
  {
    name: "-f in place, a YAML file",
    args: reEncrypt("-f", "sealed.yaml"),
    env,
    cluster: "signet",
    proves: ["W5"],
    differs: inPlace("sealed.yaml"),
  },
];

const refused: readonly DifferentialCase[] = [
  {
    name: "renamed, by the reference's controller",
    args: reEncrypt(),
    stdin: "@sealed-renamed.json@",
    env,
    cluster: "reference",
    exit: 1,
    says: 'an error on the server ("")',
    proves: ["W29"],
    differs: { "rotate-refused": { says: /cannot re-encrypt secret: the controller could not re-seal it/ } },
  },
  {
    name: "renamed, by Signet's",
    args: reEncrypt(),
    stdin: "@sealed-renamed.json@",
    env,
    cluster: "signet",
    exit: 1,
    says: "unable to rotate secret",
    proves: ["W29"],
  },
  {
    name: "for another cluster, by the reference's controller",
    args: reEncrypt("-f", "sealed-foreign.json"),
    env,
    cluster: "reference",
    exit: 1,
    says: 'an error on the server ("")',
    proves: ["W29"],
    differs: {
      ...nothingLeft,
      "rotate-refused": { says: /cannot re-encrypt secret: the controller could not re-seal it/ },
    },
  },
  {
    name: "for another cluster, by Signet's",
    args: reEncrypt("-f", "sealed-foreign.json"),
    env,
    cluster: "signet",
    exit: 1,
    says: "unable to rotate secret",
    proves: ["W29"],
    differs: nothingLeft,
  },
  {
    name: "a renamed one after a good one, by the reference's controller",
    args: reEncrypt(),
    stdin: "@sealed-old.json@\n---\n@sealed-renamed.json@",
    env,
    cluster: "reference",
    exit: 1,
    says: 'an error on the server ("")',
    proves: ["W29", "W30"],
    differs: {
      "bad-document": { stdout: "" },
      "rotate-refused": { says: /cannot re-encrypt secret: the controller could not re-seal it/ },
    },
  },
  {
    name: "a renamed one after a good one, by Signet's",
    args: reEncrypt(),
    stdin: "@sealed-old.json@\n---\n@sealed-renamed.json@",
    env,
    cluster: "signet",
    exit: 1,
    says: "unable to rotate secret",
    proves: ["W29", "W30"],
    differs: { "bad-document": { stdout: "" } },
  },
  {
    name: "nothing",
    args: reEncrypt(),
    env,
    cluster: "reference",
    proves: ["W3"],
    differs: { "nothing-done": fails(/no sealed secrets found in standard input/) },
  },
  {
    name: "garbage",
    args: reEncrypt(),
    stdin: "not a manifest\n",
    env,
    cluster: "reference",
    proves: ["W3"],
    differs: { "nothing-done": fails(/standard input is not a SealedSecret/) },
  },
  {
    name: "a file that is not there",
    args: reEncrypt("-f", "missing.json"),
    exit: 1,
    says: "Could not read file specified with --secret-file",
  },
  {
    name: "an unknown format",
    args: reEncrypt("-o", "xml"),
    stdin: "@sealed-old.json@",
    env,
    cluster: "reference",
    exit: 1,
    says: "unsupported output format: xml",
  },
  {
    name: "no such controller",
    args: reEncrypt("--controller-name", "nobody"),
    stdin: "@sealed-old.json@",
    env,
    cluster: "reference",
    exit: 1,
    says: ["cannot get sealed secret service", 'services "nobody" not found'],
  },
  {
    name: "without a kubeconfig",
    args: reEncrypt(),
    stdin: "@sealed-old.json@",
    exit: 1,
    says: "invalid configuration: no configuration has been provided",
  },
];

/** `--re-encrypt` and `--rotate`. */
export const reEncryptCases: readonly DifferentialCase[] = [
  ...alike,
  ...templates,
  ...fromCluster,
  ...refused,
];

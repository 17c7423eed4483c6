import type { DifferentialCase, Ours } from "./differential-case.ts";
import { plain } from "./plain-secrets.ts";
import { sceneFiles } from "./scene.ts";

const into = (file: string, ...args: string[]) => ["--merge-into", file, "--cert", "cert.pem", ...args];
const added = `${plain}stringData: {added: "1"}\n`;
const unchanged = (file: string, says: RegExp): Ours => ({
  code: 1,
  error: true,
  says,
  files: { [file]: /"password": "<(current|old) label:[^ ]* aHVudGVyMg==>",\n *"user": "<[^>]*>"\n/ },
});
const works = (file: string, what: RegExp): Ours => ({ code: 0, error: false, files: { [file]: what } });

/** Merges that kubeseal does not do well. */
export const mendedMergeCases: readonly DifferentialCase[] = [
  {
    name: "a label into a template without labels",
    args: into("sealed-bare.json"),
    stdin: `${plain}  labels: {app: db}\nstringData: {added: x}\n`,
    exit: 2,
    says: "panic",
    proves: ["W6"],
    differs: { "merge-crash": works("sealed-bare.json", /"labels": \{\n *"app": "db"/) },
  },
  {
    name: "an annotation into a template without annotations",
    args: into("sealed-bare.json"),
    stdin: `${plain}  annotations: {note: x}\nstringData: {added: x}\n`,
    exit: 2,
    says: "panic",
    proves: ["W6"],
    differs: { "merge-crash": works("sealed-bare.json", /"annotations": \{\n *"note": "x"/) },
  },
  {
    name: "a scope into a template without annotations",
    args: into("sealed-cluster-wide.json", "--scope", "cluster-wide"),
    stdin: added,
    exit: 2,
    says: "panic",
    proves: ["W6"],
    differs: { "merge-crash": works("sealed-cluster-wide.json", /"added": "<current label: MQ==>"/) },
  },
  {
    name: "into a namespace-wide file, no scope given",
    args: into("sealed-namespace-wide.json"),
    stdin: added,
    proves: ["W5"],
    differs: {
      "merge-scope": unchanged(
        "sealed-namespace-wide.json",
        /is namespace-wide by its annotation[^\n]*\nhint: give --scope namespace-wide/,
      ),
    },
  },
  {
    name: "into a cluster-wide file, no scope given",
    args: into("sealed-cluster-wide.json"),
    stdin: added,
    proves: ["W5"],
    differs: {
      "merge-scope": unchanged(
        "sealed-cluster-wide.json",
        /is cluster-wide by its annotation[^\n]*\nhint: give --scope cluster-wide/,
      ),
    },
  },
  {
    name: "into a namespace-wide file whose values open in the cluster",
    args: ["--merge-into", "sealed-wide.json"],
    env: { KUBECONFIG: "@KUBECONFIG@" },
    stdin: added,
    cluster: "both",
    proves: ["W5"],
    differs: { "merge-scope": { files: { "sealed-wide.json": /"added": "<current label:team-a MQ==>"/ } } },
  },
  {
    name: "a wider scope into a strict file",
    args: into("sealed.json", "--scope", "cluster-wide"),
    stdin: added,
    proves: ["W5"],
    differs: {
      "merge-scope": unchanged("sealed.json", /is strict by its annotations, but --scope says cluster-wide/),
    },
  },
  {
    name: "a wider annotation into a strict file",
    args: into("sealed.json"),
    stdin: `${plain}  annotations: {sealedsecrets.bitnami.com/cluster-wide: "true"}\nstringData: {added: x}\n`,
    proves: ["W5"],
    differs: {
      "merge-scope": unchanged("sealed.json", /the annotation of the Secret to merge says cluster-wide/),
    },
  },
  {
    name: "two input documents",
    args: into("sealed.json"),
    stdin: `${plain}stringData: {first: "1"}\n---\n${plain}stringData: {second: "2"}\n`,
    exit: 1,
    says: "couldn't get version/kind",
    differs: {
      "several-documents": works(
        "sealed.json",
        /"first": "<current label:team-a\/db MQ==>",\n *"second": "<current label:team-a\/db Mg==>"/,
      ),
    },
  },
  {
    name: "a file of two documents",
    args: into("both.yaml", "-o", "yaml"),
    files: {
      "both.yaml": `${sceneFiles["sealed.yaml"]}---\n${(sceneFiles["sealed.yaml"] ?? "").replaceAll("name: db", "name: second")}`,
    },
    stdin: added,
    differs: {
      "several-documents": {
        files: {
          "both.yaml": [
            /added: <current label:team-a\/db MQ==>\n {2}template:\n[\s\S]*---\n# who may log in\n[\s\S]*name: second/,
          ],
        },
      },
    },
  },
];

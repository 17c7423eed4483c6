import { type DifferentialCase, refuses } from "./differential-case.ts";
import { annotation, homeless, one, plain, two, withCert } from "./plain-secrets.ts";

/** Scope annotations on the input. */
export const annotatedCases: readonly DifferentialCase[] = [
  {
    name: "no annotation is strict",
    args: withCert([]),
    stdin: `${plain}  annotations: {note: x}\ndata: {a: aGk=}\n`,
    proves: [44],
  },
  {
    name: "annotated cluster-wide",
    args: withCert([]),
    stdin: `${plain}${annotation("cluster-wide")}data: {a: aGk=}\n`,
    proves: [45, 51, 72],
  },
  {
    name: "annotated cluster-wide, no namespace",
    args: withCert(["-n", "team-b"]),
    stdin: `${homeless}${annotation("cluster-wide")}data: {a: aGk=}\n`,
    proves: [71],
  },
  {
    name: "annotated namespace-wide",
    args: withCert([]),
    stdin: `${plain}${annotation("namespace-wide")}data: {a: aGk=}\n`,
    proves: [46, 53],
  },
  {
    name: "annotated namespace-wide, no namespace",
    args: withCert(["-n", "team-b"]),
    stdin: `${homeless}${annotation("namespace-wide")}data: {a: aGk=}\n`,
    proves: [70],
  },
  {
    name: "annotated both ways",
    args: withCert(["-o", "yaml"]),
    stdin: `${plain}  annotations: {sealedsecrets.bitnami.com/namespace-wide: "true", sealedsecrets.bitnami.com/cluster-wide: "true"}\ndata: {a: aGk=}\n`,
    proves: [47],
  },
  {
    name: "annotated with another word",
    args: withCert([]),
    stdin: `${plain}${annotation("cluster-wide", "TRUE")}data: {a: aGk=}\n`,
    proves: [44],
  },
  {
    name: "annotated false",
    args: withCert([]),
    stdin: `${plain}${annotation("namespace-wide", "false")}data: {a: aGk=}\n`,
    proves: [44],
  },
  {
    name: "the flag widens an annotation",
    args: withCert(["--scope", "cluster-wide"]),
    stdin: `${plain}${annotation("namespace-wide")}data: {a: aGk=}\n`,
    proves: [74],
  },
  {
    name: "the flag narrows an annotation",
    args: withCert(["--scope=namespace-wide"]),
    stdin: `${plain}${annotation("cluster-wide")}data: {a: aGk=}\n`,
    proves: [73],
  },
  {
    name: "an empty --scope is none",
    args: withCert(["--scope", ""]),
    stdin: `${plain}${annotation("cluster-wide")}data: {a: aGk=}\n`,
    proves: [42],
  },
  {
    name: "an empty --scope, strict",
    args: withCert(["--scope="]),
    stdin: `${plain}data: {a: aGk=}\n`,
    proves: [42],
  },
  {
    name: "--scope strict over an annotation",
    args: withCert(["--scope", "strict"]),
    stdin: `${plain}${annotation("cluster-wide")}data: {a: aGk=}\n`,
    proves: ["W18"],
    differs: {
      "scope-contradiction": refuses(
        /--scope strict contradicts the Secret's own annotation, which says cluster-wide/,
      ),
    },
  },
];

/** Names and namespaces. */
export const placeCases: readonly DifferentialCase[] = [
  { name: "--name renames", args: withCert(["--name", "other"]), stdin: `${plain}data: {a: aGk=}\n` },
  { name: "--name renames every document", args: withCert(["--name=other"]), stdin: `${one}${two}` },
  {
    name: "--name for a Secret without one",
    args: withCert(["--name", "other"]),
    stdin: "apiVersion: v1\nkind: Secret\nmetadata: {namespace: team-a}\ndata: {a: aGk=}\n",
  },
  {
    name: "the same namespace by flag and Secret",
    args: withCert(["-n", "team-a"]),
    stdin: `${plain}data: {a: aGk=}\n`,
    proves: [86],
  },
  {
    name: "another namespace by flag",
    args: withCert(["-n", "team-b"]),
    stdin: `${plain}data: {a: aGk=}\n`,
    exit: 1,
    says: 'namespace mismatch: input secret is in namespace "team-a" but "team-b" was specified',
    proves: [85],
  },
  {
    name: "another namespace by flag, namespace-wide",
    args: withCert(["-n", "team-b", "--scope", "namespace-wide"]),
    stdin: `${plain}data: {a: aGk=}\n`,
    exit: 1,
    says: 'namespace mismatch: input secret is in namespace "team-a" but "team-b" was specified',
    proves: [85],
  },
  {
    name: "another namespace by flag, cluster-wide",
    args: withCert(["-n", "team-b", "--scope", "cluster-wide"]),
    stdin: `${plain}data: {a: aGk=}\n`,
    proves: [72],
  },
  {
    name: "another namespace by variable",
    args: withCert([]),
    env: { SEALED_SECRETS_NAMESPACE: "team-b" },
    stdin: `${plain}data: {a: aGk=}\n`,
    exit: 1,
    says: "namespace mismatch",
    proves: [85],
  },
  {
    name: "the namespace of a variable",
    args: withCert([]),
    env: { SEALED_SECRETS_NAMESPACE: "team-b" },
    stdin: `${homeless}data: {a: aGk=}\n`,
    proves: [88],
  },
  {
    name: "no namespace anywhere",
    args: withCert([]),
    stdin: `${homeless}data: {a: aGk=}\n`,
    exit: 1,
    says: "secret must declare a namespace",
  },
  {
    name: "an empty namespace in the Secret",
    args: withCert(["-n", "team-b"]),
    stdin: `${homeless}  namespace: ""\ndata: {a: aGk=}\n`,
    proves: [88],
  },
  {
    name: "no name anywhere",
    args: withCert([]),
    stdin:
      "apiVersion: v1\nkind: Secret\nmetadata: {namespace: team-a, generateName: db-}\ndata: {a: aGk=}\n",
    exit: 1,
    says: "missing metadata.name in input Secret",
  },
  {
    name: "no metadata at all",
    args: withCert([]),
    stdin: "apiVersion: v1\nkind: Secret\ndata: {a: aGk=}\n",
    exit: 1,
    says: "missing metadata.name in input Secret",
  },
];

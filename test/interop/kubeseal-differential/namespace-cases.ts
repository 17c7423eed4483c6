import type { DifferentialCase } from "./differential-case.ts";
import { homeless, one } from "./plain-secrets.ts";

/** Where the namespace comes from, 4.13 of kubeseal's own order. */
const kubeconfig = (namespace: string) =>
  `apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: u, user: {}}]\ncontexts: [{name: c, context: {cluster: c, user: u${namespace}}}, {name: d, context: {cluster: c, user: u, namespace: of-d}}]\n`;
const nameless = { stdin: `${homeless}data: {a: aGk=}\n` };
export const namespaceCases: readonly DifferentialCase[] = [
  {
    name: "the context's namespace",
    args: ["--cert", "cert.pem"],
    env: { KUBECONFIG: "kubeconfig" },
    files: { kubeconfig: kubeconfig(", namespace: of-c") },
    ...nameless,
    proves: [28],
  },
  {
    name: "default where the context names none",
    args: ["--cert", "cert.pem"],
    env: { KUBECONFIG: "kubeconfig" },
    files: { kubeconfig: kubeconfig("") },
    ...nameless,
  },
  {
    name: "--context chooses",
    args: ["--cert", "cert.pem", "--context", "d"],
    env: { KUBECONFIG: "kubeconfig" },
    files: { kubeconfig: kubeconfig(", namespace: of-c") },
    ...nameless,
  },
  {
    name: "--kubeconfig over KUBECONFIG",
    args: ["--cert", "cert.pem", "--kubeconfig", "other"],
    env: { KUBECONFIG: "kubeconfig" },
    files: { kubeconfig: kubeconfig(", namespace: of-c"), other: kubeconfig(", namespace: of-other") },
    ...nameless,
  },
  {
    name: "two files in KUBECONFIG",
    args: ["--cert", "cert.pem", "--context", "d"],
    env: { KUBECONFIG: "missing:kubeconfig" },
    files: { kubeconfig: kubeconfig("") },
    ...nameless,
  },
  {
    name: "-n over the context",
    args: ["--cert", "cert.pem", "-n", "team-b"],
    env: { KUBECONFIG: "kubeconfig" },
    files: { kubeconfig: kubeconfig(", namespace: of-c") },
    ...nameless,
    proves: [88],
  },
  {
    name: "the Secret's own over the context",
    args: ["--cert", "cert.pem"],
    env: { KUBECONFIG: "kubeconfig" },
    files: { kubeconfig: kubeconfig(", namespace: of-c") },
    stdin: one,
    proves: [87],
  },
  {
    name: "POD_NAMESPACE outside a pod",
    args: ["--cert", "cert.pem"],
    env: { POD_NAMESPACE: "of-pod" },
    ...nameless,
    exit: 1,
    says: "secret must declare a namespace",
  },
  {
    name: "a context that is not there",
    args: ["--cert", "cert.pem", "--context", "nowhere"],
    env: { KUBECONFIG: "kubeconfig" },
    files: { kubeconfig: kubeconfig("") },
    ...nameless,
    exit: 1,
    says: "secret must declare a namespace",
    differs: { "named-kubeconfig": { says: /has no context "nowhere"/ } },
  },
  {
    name: "a kubeconfig that is not there",
    args: ["--cert", "cert.pem", "--kubeconfig", "missing"],
    ...nameless,
    exit: 1,
    says: "secret must declare a namespace",
    differs: { "named-kubeconfig": { says: /the kubeconfig @DIR@\/missing does not exist/ } },
  },
  {
    name: "a broken kubeconfig",
    args: ["--cert", "cert.pem"],
    env: { KUBECONFIG: "notes.txt" },
    ...nameless,
    exit: 1,
    says: "secret must declare a namespace",
  },
  {
    name: "a kubeconfig in the home folder",
    args: ["--cert", "cert.pem"],
    files: { "../home/.kube/config": kubeconfig(", namespace: of-home") },
    ...nameless,
  },
];

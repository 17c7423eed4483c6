/** Input for sealing that holds a secret. */
export type PlainInput = {
  name: string;
  /** What is read from standard input. */
  make: (secret: string) => string;
  args?: readonly string[];
};

/** Secrets that are sealed, by the name of the first. */
export const sealedInputs: readonly PlainInput[] = [
  { name: "yaml", make: (secret) => secretYaml("yaml", `password: ${secret}`), args: ["-o", "yaml"] },
  { name: "json", make: (secret) => secretJson("json", { stringData: { password: secret } }) },
  { name: "data", make: (secret) => secretJson("data", { data: { password: btoa(secret) } }) },
  {
    name: "verbose",
    make: (secret) => secretJson("verbose", { stringData: { password: secret } }),
    args: ["--verbose", "--scope", "cluster-wide"],
  },
  {
    name: "last-applied",
    make: (secret) => {
      const whole = secretJson("x", { stringData: { password: secret } });
      const annotations = { "kubectl.kubernetes.io/last-applied-configuration": whole };
      const metadata = { name: "last-applied", namespace: "default", annotations };
      return secretJson("last-applied", { metadata, stringData: { password: secret } });
    },
  },
  {
    name: "stream",
    make: (secret) =>
      `${secretYaml("stream", `a: ${secret}`)}---\n${secretYaml("stream-2", `b: x${secret}`)}`,
  },
  {
    name: "multi-line",
    make: (secret) => secretYaml("multi-line", `a: |\n    ${secret}\n    second ${secret} line`),
  },
];

/** What is refused, and what the error says. */
export const refusedInputs: readonly (PlainInput & { says: RegExp })[] = [
  {
    name: "broken YAML",
    make: (s) => `${secretYaml("x", `a: ${s}`)}\n  b: [${s}\n c: "${s}`,
    says: /indentation/,
  },
  {
    name: "broken JSON",
    make: (s) => `${secretJson("x", { stringData: { a: s } }).slice(0, -1)},,`,
    says: /error: /,
  },
  { name: "a bare text", make: (s) => s, says: /error: / },
  {
    name: "tab in YAML",
    make: (s) => `apiVersion: v1\nkind: Secret\nstringData:\n\ta: ${s}\n`,
    says: /error: /,
  },
  { name: "alias in YAML", make: (s) => secretYaml("x", `a: *${s}`), says: /error: / },
  { name: "duplicate item", make: (s) => secretYaml("x", `a: ${s}\n  a: ${s}`), says: /error: / },
  { name: "bad base64", make: (s) => secretJson("x", { data: { a: `${s}!!` } }), says: /data\.a/ },
  { name: "value is a map", make: (s) => secretYaml("x", `a: { b: ${s} }`), says: /stringData\.a/ },
  { name: "value is a list", make: (s) => secretJson("x", { data: { a: [s] } }), says: /data\.a/ },
  { name: "item name", make: (s) => secretJson("x", { stringData: { "a b": s } }), says: /error: / },
  {
    name: "not a Secret",
    make: (s) => secretJson("x", { kind: "ConfigMap", data: { a: s } }),
    says: /Secret/,
  },
  { name: "unknown field", make: (s) => secretJson("x", { stringdata: { a: s } }), says: /error: / },
  {
    name: "no name",
    make: (s) => secretJson("", { metadata: {}, stringData: { a: s } }),
    says: /metadata\.name/,
  },
  {
    name: "other namespace",
    make: (s) => secretJson("x", { stringData: { a: s } }),
    args: ["-n", "b"],
    says: /namespace/,
  },
  {
    name: "bad scope",
    make: (s) => secretJson("x", { stringData: { a: s } }),
    args: ["--scope", "x"],
    says: /--scope/,
  },
  {
    name: "one of two",
    make: (s) => `${secretYaml("x", `a: ${s}`)}---\n${secretYaml("y", "a: [1]")}`,
    says: /error: /,
  },
  {
    name: "no certificate",
    make: (s) => secretJson("x", { stringData: { a: s } }),
    args: ["--cert", "/nowhere"],
    says: /nowhere/,
  },
  {
    name: "no output folder",
    make: (s) => secretJson("x", { stringData: { a: s } }),
    args: ["-w", "/nowhere/x"],
    says: /nowhere/,
  },
  {
    name: "no cluster",
    make: (s) => secretJson("x", { stringData: { a: s } }),
    args: ["--server", "https://127.0.0.1:1"],
    says: /error: /,
  },
  {
    name: "no Service",
    make: (s) => secretJson("x", { stringData: { a: s } }),
    args: ["--controller-namespace", "other"],
    says: /error: /,
  },
];

/** A Secret in JSON. @param fields its fields; those that are not given are its type, name and namespace. */
export function secretJson(name: string, fields: Record<string, unknown>): string {
  const metadata = { name, namespace: "default" };
  return JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata, ...fields });
}

function secretYaml(name: string, item: string): string {
  return `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${name}\n  namespace: default\nstringData:\n  ${item}\n`;
}

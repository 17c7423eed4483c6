/** Begin of a Secret with a name and a namespace, in YAML; items come after it. */
export const plain = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: team-a\n";
/** The same without a namespace. */
export const homeless = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n";
/** A Secret in JSON. */
export const json = (secret: object) => JSON.stringify({ apiVersion: "v1", kind: "Secret", ...secret });
/** team-a/db in JSON. */
export const one = json({ metadata: { name: "db", namespace: "team-a" }, data: { a: "aGk=" } });
/** team-b/other in JSON. */
export const two = json({ metadata: { name: "other", namespace: "team-b" }, data: { b: "aG8=" } });
/** Annotations of `plain`: a mark of the product, and an ordinary one. */
export const annotation = (mark: string, value = "true") =>
  `  annotations: {sealedsecrets.bitnami.com/${mark}: "${value}", note: x}\n`;
/** Arguments that need no cluster. */
export const withCert = (args: readonly string[]) => ["--cert", "cert.pem", ...args];

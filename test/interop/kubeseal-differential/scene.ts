import { base64, type SealedObject, testSealer } from "../../support/in-process-sealing.ts";
import { keySecretOf } from "../../support/sealing-key-secrets.ts";
import { ecdsaCertificatePem, testCertificate } from "../../support/test-certificates.ts";
import { valueOpener } from "./opened-values.ts";

/** The sealing keys of the scene: the cluster has `current` and `old`, no one of the cluster has `foreign`. */
export const sealingKeys = {
  current: testCertificate(-1, 3650, 1),
  old: testCertificate(-20, 3650, 2),
  foreign: testCertificate(-2, 3650, 3),
};
const expired = testCertificate(-20, -5, 4);
const future = testCertificate(5, 3650, 5);

/** Opens whatever was sealed for the scene's keys. */
export const opened = valueOpener(
  {
    current: sealingKeys.current.privateKeyPem,
    old: sealingKeys.old.privateKeyPem,
    foreign: sealingKeys.foreign.privateKeyPem,
    future: future.privateKeyPem,
  },
  ["", ...["team-a", "team-b", "default", "other"].flatMap((ns) => [ns, `${ns}/db`, `${ns}/other`])],
);

/** Key Secrets of the scene's cluster, `old` first. */
export const keySecrets = [
  keySecretOf("sealed-secrets-key-old", sealingKeys.old),
  keySecretOf("sealed-secrets-key-current", sealingKeys.current),
];

const sealers = {
  current: await testSealer(sealingKeys.current.certificatePem),
  old: await testSealer(sealingKeys.old.certificatePem),
  foreign: await testSealer(sealingKeys.foreign.certificatePem),
};

const template = (object: SealedObject, metadata: object = {}) => ({
  metadata: { name: object.name, namespace: object.namespace, ...metadata },
});
const plainObject = { namespace: "team-a", name: "db", items: { password: "hunter2", user: "admin" } };

async function sealedText(
  key: keyof typeof sealers,
  object: SealedObject,
  templateMetadata: object = {},
  change: (sealed: Record<string, unknown>) => object = (sealed) => sealed,
): Promise<string> {
  const sealed = await sealers[key].object({ ...object, template: template(object, templateMetadata) });
  const { annotations, ...metadata } = sealed.metadata as { annotations?: Record<string, string> };
  const isBare = Object.keys(annotations ?? {}).length === 0;
  return `${JSON.stringify(
    change({ ...sealed, metadata: isBare ? metadata : { ...metadata, annotations } }),
    null,
    2,
  )}\n`;
}

/** A SealedSecret as kubectl gives it back. */
const fromCluster = (sealed: Record<string, unknown>) => ({
  ...sealed,
  metadata: {
    ...(sealed["metadata"] as object),
    uid: "00000000-0000-0000-0000-000000000001",
    resourceVersion: "77",
    generation: 3,
    creationTimestamp: "2026-01-01T00:00:00Z",
  },
  status: { observedGeneration: 3, conditions: [{ type: "Synced", status: "True" }] },
});

/** Sealed values on their own. */
const strictScope = { kind: "strict", namespace: "team-a", name: "db" } as const;
const password = await sealers.current.value("hunter2", strictScope);
const user = await sealers.current.value("admin", strictScope);

/** `sealed.yaml`: one with a comment, labels, annotations and a type. */
const sealedYaml = `# who may log in
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: db
  namespace: team-a
spec:
  encryptedData:
    password: ${password} # rotated by hand
    user: ${user}
  template:
    metadata:
      annotations:
        note: kept
      labels:
        app: db
      name: db
      namespace: team-a
    type: Opaque
`;

const sealed = await sealedText("current", plainObject, {
  labels: { app: "db" },
  annotations: { note: "kept" },
});
const keyDump = JSON.stringify({ apiVersion: "v1", kind: "List", items: keySecrets }, null, 2);

/** What stands in the working folder of every case. */
export const sceneFiles: Readonly<Record<string, string>> = {
  "cert.pem": sealingKeys.current.certificatePem,
  "old-cert.pem": sealingKeys.old.certificatePem,
  "foreign-cert.pem": sealingKeys.foreign.certificatePem,
  "expired-cert.pem": expired.certificatePem,
  "future-cert.pem": future.certificatePem,
  "ecdsa-cert.pem": ecdsaCertificatePem,
  "key.pem": sealingKeys.current.privateKeyPem,
  "old-key.pem": sealingKeys.old.privateKeyPem,
  "foreign-key.pem": sealingKeys.foreign.privateKeyPem,
  "keys.json": keyDump,
  "keys.stream.json": keySecrets.map((secret) => JSON.stringify(secret)).join("\n"),
  "keys.bare.json": JSON.stringify({
    metadata: {},
    items: keySecrets.map(({ kind: _k, apiVersion: _a, ...rest }) => rest),
  }),
  "keys.secretlist.json": JSON.stringify({ apiVersion: "v1", kind: "SecretList", items: keySecrets }),
  "key-secret.json": JSON.stringify(keySecrets[0]),
  "key-without-tls.json": JSON.stringify({ ...keySecrets[0], data: { other: base64("x") } }),
  "notes.txt": "not a key, not a manifest\n",
  "empty.txt": "",
  "secret.yaml":
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  namespace: team-a\nstringData:\n  password: new\n",
  "sealed.yaml": sealedYaml,
  "sealed.json": sealed,
  "sealed-bare.json": await sealedText("current", plainObject, {}, (object) => ({
    ...object,
    spec: { ...(object["spec"] as object), template: { metadata: { name: "db", namespace: "team-a" } } },
  })),
  "sealed-old.json": await sealedText("old", plainObject),
  "sealed-old-labelled.json": await sealedText("old", plainObject, { labels: { app: "db" } }),
  "sealed-foreign.json": await sealedText("foreign", plainObject),
  "sealed-namespace-wide.json": await sealedText("old", { ...plainObject, scope: "namespace-wide" }),
  "sealed-cluster-wide.json": await sealedText("old", { ...plainObject, scope: "cluster-wide" }),
  "sealed-wide.json": await sealedText(
    "current",
    { ...plainObject, scope: "namespace-wide" },
    { annotations: { "sealedsecrets.bitnami.com/namespace-wide": "true" } },
  ),
  "sealed-everywhere.json": await sealedText(
    "current",
    { ...plainObject, scope: "cluster-wide" },
    { annotations: { "sealedsecrets.bitnami.com/cluster-wide": "true" } },
  ),
  "sealed-hinted.json": await sealedText("old", {
    ...plainObject,
    annotations: { "signet.dev/sealing-key": "SHA256:none", owner: "team-a" },
  }),
  "sealed-renamed.json": await sealedText("current", { ...plainObject, sealedFor: { name: "other" } }),
  "sealed-moved.json": await sealedText("current", { ...plainObject, sealedFor: { namespace: "other" } }),
  "sealed-from-cluster.json": await sealedText("old", plainObject, {}, fromCluster),
  "sealed-templated.json": await sealedText("old", plainObject, {}, (object) => ({
    ...object,
    spec: {
      ...(object["spec"] as object),
      template: {
        metadata: { name: "db", namespace: "team-a" },
        data: { url: "http://{{ .user }}@host", gone: null },
      },
    },
  })),
  "sealed-cluster-wide-false.json": await sealedText("current", {
    ...plainObject,
    sealedFor: { scope: "cluster-wide" },
    annotations: { "sealedsecrets.bitnami.com/cluster-wide": "false" },
  }),
  "sealed-namespace-wide-false.json": await sealedText("current", {
    ...plainObject,
    sealedFor: { scope: "namespace-wide" },
    annotations: { "sealedsecrets.bitnami.com/namespace-wide": "false" },
  }),
  "sealed-json.yaml": `${sealedYaml}    data:
      config: '{"pw": {{ toJson .password }}, "user": "{{ index . "user" }}"}'
`,
  "sealed-typed.json": await sealedText("old", plainObject, {}, (object) => ({
    ...object,
    spec: {
      ...(object["spec"] as object),
      template: { metadata: { name: "db", namespace: "team-a" }, type: "example.com/x", immutable: true },
    },
  })),
};

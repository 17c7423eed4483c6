import type { KubeObject } from "../kube/client.ts";
import { ACTIVE, KEY_LABEL, WRAPPED, WRAPPED_BY_ANNOTATION } from "../sealing-key-secret.ts";
import type { IssuedKey } from "./issue-certificate.node.ts";

/** Where the Secret of a new key stands, and what stands there beside the key. */
export type KeySecretPlace = {
  namespace: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
};

/** What stands in tls.key of a new key's Secret: the private key itself, or what it was wrapped to. */
export type StoredKey = { privateKeyPem: string } | { wrapped: { text: string; by: string } };

/** The Secret of a new key, as it is sent. */
export type NewKeySecret = KubeObject & { type: string; data: Record<string, string> };

/** The Secret that holds a new sealing key; one that is not wrapped in the form the reference reads too. */
export function keySecret(
  key: Pick<IssuedKey, "certificatePem"> & StoredKey,
  { namespace, name, labels, annotations }: KeySecretPlace,
): NewKeySecret {
  const wrapped = "wrapped" in key ? key.wrapped : null;
  const all = {
    ...annotations,
    ...(wrapped === null ? {} : { [WRAPPED_BY_ANNOTATION]: wrapped.by }),
  };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      namespace,
      name,
      labels: { ...labels, [KEY_LABEL]: wrapped === null ? ACTIVE : WRAPPED },
      ...(Object.keys(all).length === 0 ? {} : { annotations: all }),
    },
    type: "kubernetes.io/tls",
    data: {
      "tls.crt": Buffer.from(key.certificatePem).toString("base64"),
      "tls.key": Buffer.from("wrapped" in key ? key.wrapped.text : key.privateKeyPem).toString("base64"),
    },
  };
}

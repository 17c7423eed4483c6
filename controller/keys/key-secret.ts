import type { SecretObject } from "../reconcile/secret-object.ts";
import { KEY_LABEL } from "../reconcile/secret-object.ts";
import type { IssuedKey } from "./issue-certificate.ts";

/** Label value of keys in use. Any other value takes a key out. */
export const ACTIVE = "active";

/** How the Secret of a new key looks besides the key. */
export type KeySecretStyle = {
  namespace: string;
  /** `generateName` of the Secret. */
  prefix: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
};

/** The Secret that holds a new sealing key, in the form the reference reads too. */
export function keySecret(
  key: IssuedKey,
  { namespace, prefix, labels, annotations }: KeySecretStyle,
): SecretObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      namespace,
      generateName: prefix,
      labels: { ...labels, [KEY_LABEL]: ACTIVE },
      ...(Object.keys(annotations).length === 0 ? {} : { annotations: { ...annotations } }),
    },
    type: "kubernetes.io/tls",
    data: {
      "tls.crt": Buffer.from(key.certificatePem).toString("base64"),
      "tls.key": Buffer.from(key.privateKeyPem).toString("base64"),
    },
  };
}

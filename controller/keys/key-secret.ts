import type { SecretObject } from "../reconcile/secret-object.ts";
import { KEY_LABEL } from "../reconcile/secret-object.ts";
import { wholeSeconds } from "../timestamp.ts";
import type { IssuedKey } from "./issue-certificate.ts";
import { PRIMARY_ANNOTATION } from "./promotion.ts";

/** Label value of keys in use. Any other value takes a key out. */
export const ACTIVE = "active";

/** How the Secrets of new keys look besides the key. */
export type KeySecretStyle = {
  namespace: string;
  /** Begin of their names. */
  prefix: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
};

/** What is of one of them alone. */
export type KeySecretPlace = Pick<KeySecretStyle, "namespace" | "labels" | "annotations"> & {
  name: string;
  /** Written down as its promotion, null for none. */
  promotedAt: Date | null;
};

/** The Secret that holds a new sealing key, in the form the reference reads too. */
export function keySecret(
  key: Pick<IssuedKey, "certificatePem" | "privateKeyPem">,
  { namespace, name, labels, annotations, promotedAt }: KeySecretPlace,
): SecretObject {
  const all = {
    ...annotations,
    ...(promotedAt === null ? {} : { [PRIMARY_ANNOTATION]: wholeSeconds(promotedAt) }),
  };
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      namespace,
      name,
      labels: { ...labels, [KEY_LABEL]: ACTIVE },
      ...(Object.keys(all).length === 0 ? {} : { annotations: all }),
    },
    type: "kubernetes.io/tls",
    data: {
      "tls.crt": Buffer.from(key.certificatePem).toString("base64"),
      "tls.key": Buffer.from(key.privateKeyPem).toString("base64"),
    },
  };
}

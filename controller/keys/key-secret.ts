import { ACTIVE, KEY_LABEL, WRAPPED, WRAPPED_BY_ANNOTATION } from "../../shared/sealing-key-secret.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";
import { wholeSeconds } from "../timestamp.ts";
import type { IssuedKey } from "./issue-certificate.ts";
import { PRIMARY_ANNOTATION } from "./promotion.ts";

export { ACTIVE, WRAPPED };

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

/** What stands in tls.key of a new key's Secret: the private key itself, or what it was wrapped to. */
export type StoredKey = { privateKeyPem: string } | { wrapped: { text: string; by: string } };

/** Whether the label says that a Secret holds a sealing key in use. */
export function isInUse({ metadata }: Pick<SecretObject, "metadata">): boolean {
  const label = metadata.labels?.[KEY_LABEL];
  return label === ACTIVE || label === WRAPPED;
}

/** The Secret that holds a new sealing key; one that is not wrapped in the form the reference reads too. */
export function keySecret(
  key: Pick<IssuedKey, "certificatePem"> & StoredKey,
  { namespace, name, labels, annotations, promotedAt }: KeySecretPlace,
): SecretObject {
  const wrapped = "wrapped" in key ? key.wrapped : null;
  const all = {
    ...annotations,
    ...(wrapped === null ? {} : { [WRAPPED_BY_ANNOTATION]: wrapped.by }),
    ...(promotedAt === null ? {} : { [PRIMARY_ANNOTATION]: wholeSeconds(promotedAt) }),
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

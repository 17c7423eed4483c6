import { keySecret } from "../../shared/seal/new-key-secret.node.ts";
import { ACTIVE, KEY_LABEL, WRAPPED } from "../../shared/sealing-key-secret.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";

export { ACTIVE, keySecret, WRAPPED };

/** How the Secrets of new keys look besides the key. */
export type KeySecretStyle = {
  namespace: string;
  /** Begin of their names. */
  prefix: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
};

/** Whether the label says that a Secret holds a sealing key in use. */
export function isInUse({ metadata }: Pick<SecretObject, "metadata">): boolean {
  const label = metadata.labels?.[KEY_LABEL];
  return label === ACTIVE || label === WRAPPED;
}

import { utf8 } from "../../../shared/bytes.ts";
import type { Certificate } from "../../../shared/seal/certificate.node.ts";
import { BACKUP_ANNOTATION, KEY_LABEL, RESTORED_ANNOTATION } from "../../../shared/sealing-key-secret.ts";
import type { KeySecretObject } from "../key-secrets.ts";
import type { CopiedKey } from "./backup-document.ts";

/** A key of a backup that was proven to open what its certificate seals. */
export type ProvenCopy = CopiedKey & { certificate: Certificate };

/** Where and how it is written. */
export type RestoredPlace = {
  name: string;
  namespace: string;
  now: Date;
  /** What is taken down of the backup that it came from; null where it is none. */
  backup: string | null;
};

/**
 * The Secret of a key that came from a backup: its mark keeps it to opening until it is promoted, and a label that took
 * it out of use goes on doing so. Whatever else the backup says stays behind, a promotion first of all.
 */
export function restoredSecret(
  { label, certificatePem, privateKeyPem }: ProvenCopy,
  { name, namespace, now, backup }: RestoredPlace,
): KeySecretObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name,
      namespace,
      labels: { [KEY_LABEL]: label },
      annotations: {
        [RESTORED_ANNOTATION]: now.toISOString(),
        ...(backup === null ? {} : { [BACKUP_ANNOTATION]: backup }),
      },
    },
    type: "kubernetes.io/tls",
    data: {
      "tls.crt": Buffer.from(utf8(certificatePem)).toString("base64"),
      "tls.key": Buffer.from(utf8(privateKeyPem)).toString("base64"),
    },
  };
}

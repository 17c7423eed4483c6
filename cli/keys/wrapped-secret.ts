import { ACTIVE, KEY_LABEL } from "../../shared/sealing-key-secret.ts";
import { type KeyMoving, moveKey } from "./key-moving.ts";
import { type KeySecretObject, present } from "./key-secrets.ts";
import { readSealingKey } from "./sealing-key.ts";

/**
 * The Secret of a key that is not written yet, as it is to be written: with the key wrapped, where it is to be; one that is
 * out of use stays out.
 * @param plain holds the key in the open.
 * @throws what {@link moveKey} throws.
 */
export async function wrappedSecret(plain: KeySecretObject, moving: KeyMoving): Promise<KeySecretObject> {
  if (moving.to === null) return plain;
  const { label, annotations, keyText } = await moveKey(readSealingKey(plain), moving);
  const { metadata, data } = plain;
  const isInUse = metadata.labels?.[KEY_LABEL] === ACTIVE;
  return {
    ...plain,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...(isInUse ? { [KEY_LABEL]: label } : {}) },
      annotations: present({ ...metadata.annotations, ...annotations }),
    },
    data: { ...data, "tls.key": Buffer.from(keyText).toString("base64") },
  };
}

import { SealError } from "../shared/errors.ts";
import { KubeApiError, unlessGone } from "../shared/kube/api-error.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import { corePath } from "../shared/kube/paths.ts";
import type { SecretObject } from "./reconcile/secret-object.ts";
import { RECORD_KEY_BYTES, SyncRecords } from "./reconcile/sync-record.ts";

/** Name of the Secret, in the controller's namespace, that holds the secret under which records are made. */
export const RECORD_KEY_SECRET = "signet-record-key";
const ITEM = "key";

/** The Secret that should hold the record key holds none. */
export class RecordKeyError extends SealError {
  override readonly code = "record-key";

  /** Names the Secret, never what it holds. */
  constructor() {
    super(
      `Secret ${RECORD_KEY_SECRET} has no item "${ITEM}" of ${RECORD_KEY_BYTES} bytes`,
      `delete it: a new one is made, and every object is opened once more`,
    );
  }
}

/**
 * The secret under which records are made: read from its Secret, which is made where there is none.
 * @throws RecordKeyError, KubeApiError, KubeUnreachableError; the signal's reason when aborted.
 */
export async function recordKey(
  namespace: string,
  client: KubeClient,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const path = corePath("secrets", namespace, RECORD_KEY_SECRET);
  const found = await unlessGone(client.request({ method: "GET", path, signal }));
  if (found !== null) return keyOf(found);
  const key = SyncRecords.temporaryKey();
  const body: SecretObject = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: RECORD_KEY_SECRET, namespace },
    type: "Opaque",
    data: { [ITEM]: Buffer.from(key).toString("base64") },
  };
  try {
    await client.request({ method: "POST", path: corePath("secrets", namespace), body, signal });
    return key;
  } catch (error) {
    // Another replica was faster; it leads no more, but its records are good.
    if (!(error instanceof KubeApiError) || error.status !== 409) throw error;
    return keyOf(await client.request({ method: "GET", path, signal }));
  }
}

function keyOf({ data }: SecretObject): Uint8Array {
  const key = Buffer.from(data?.[ITEM] ?? "", "base64");
  if (key.length !== RECORD_KEY_BYTES) throw new RecordKeyError();
  return key;
}

import { KubeApiError, unlessGone } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { corePath, sealedSecretPath } from "../../shared/kube/paths.ts";
import { isOwned, marksOf } from "./consent.ts";
import { deleteSecret } from "./delete-secret.ts";
import { isKept } from "./gates.ts";
import { MANAGED_ITEMS_ANNOTATION, type SecretObject } from "./secret-object.ts";

/** A SealedSecret that was told to be gone. */
export type GoneSealedSecret = { namespace: string; name: string; uid: string };

/** What became of its Secret. */
export type Collected = "deleted" | "left";

/** How often a Secret is looked at that others change meanwhile. */
const MOST_TRIES = 5;

/**
 * Deletes the Secret of a SealedSecret that is gone, as the cluster's garbage collector does elsewhere
 * (`--old-gc-behavior`). Only a Secret that names this very SealedSecret as its owner goes: one that it shares with
 * others stays, and so does one without an owner, which was asked for to stay. That the SealedSecret is gone is asked of
 * the API server, for to a watch one that lost a selecting label looks the same.
 * @throws KubeApiError, KubeUnreachableError: to be tried again; the signal's reason when aborted.
 */
export async function collectSecret(
  { namespace, name, uid }: GoneSealedSecret,
  { client, signal }: { client: KubeClient; signal: AbortSignal },
): Promise<Collected> {
  const read = (path: string): Promise<SecretObject | null> =>
    unlessGone(client.request({ method: "GET", path, signal }));
  for (let tries = 1; ; tries++) {
    const secret = await read(corePath("secrets", namespace, name));
    const { uid: secretUid, resourceVersion } = secret?.metadata ?? {};
    if (secret === null || secretUid === undefined || resourceVersion === undefined) return "left";
    if (!isCollectable(secret, uid)) return "left";
    const present = await read(sealedSecretPath(namespace, name));
    if (present?.metadata.uid === uid) return "left";
    try {
      await deleteSecret({ namespace, name }, { uid: secretUid, resourceVersion }, client, signal);
      return "deleted";
    } catch (error) {
      // Somebody changed it since: what it is now has to be looked at.
      if (!(error instanceof KubeApiError) || error.status !== 409 || tries >= MOST_TRIES) throw error;
    }
  }
}

function isCollectable(secret: SecretObject, uid: string): boolean {
  const isShared =
    marksOf(secret).patch || secret.metadata.annotations?.[MANAGED_ITEMS_ANNOTATION] !== undefined;
  return (
    isOwned(secret, uid) && !isShared && !isKept(secret) && secret.metadata.deletionTimestamp === undefined
  );
}

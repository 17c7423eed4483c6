import { unlessGone } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import type { SecretObject } from "./secret-object.ts";

/**
 * Deletes a Secret if it is still the very version that was looked at.
 * @returns null when it is gone; the Secret where finalizers hold it back.
 * @throws KubeApiError 409 when it is another by now; KubeUnreachableError; the signal's reason when aborted.
 */
export async function deleteSecret(
  place: { namespace: string | undefined; name: string },
  preconditions: { uid: string; resourceVersion: string },
  client: KubeClient,
  signal: AbortSignal,
): Promise<SecretObject | null> {
  const path = corePath("secrets", place.namespace, place.name);
  const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions };
  const answer = await unlessGone(client.request({ method: "DELETE", path, body, signal }));
  return answer?.metadata?.deletionTimestamp === undefined ? null : answer;
}

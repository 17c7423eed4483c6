import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath, sealedSecretPath } from "../../shared/kube/paths.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { Failure, Plan } from "./decide.ts";
import type { SecretObject } from "./secret-object.ts";

/** What came of a plan: the Secret as it was written, null when none was; or why it is not as wanted. */
export type Applied = { ok: true; written: SecretObject | null } | { ok: false; failure: Failure };

/**
 * Carries out a plan on the Secret: by POST, or by PUT with the resourceVersion that was read.
 * @throws KubeApiError 409 when somebody was faster: look again.
 * @throws KubeUnreachableError; the signal's reason when aborted.
 */
export async function applyPlan(plan: Plan, client: KubeClient, signal: AbortSignal): Promise<Applied> {
  if (plan.kind === "in-sync") return { ok: true, written: null };
  if (plan.kind === "fail") return { ok: false, failure: plan.failure };
  const { namespace, name } = plan.secret.metadata;
  try {
    const written = await (plan.kind === "create"
      ? client.request({ method: "POST", path: corePath("secrets", namespace), body: plan.secret, signal })
      : client.request({
          method: "PUT",
          path: corePath("secrets", namespace, name),
          body: plan.secret,
          signal,
        }));
    return { ok: true, written };
  } catch (error) {
    if (error instanceof KubeApiError && error.status !== 409) {
      return { ok: false, failure: updateFailure(error) };
    }
    throw error;
  }
}

/**
 * Asks the API server whether this very SealedSecret still stands; the watch may be behind.
 * @throws KubeApiError, KubeUnreachableError; the signal's reason when aborted.
 */
export async function stillStands(
  { metadata }: KubeObject,
  client: KubeClient,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    const path = sealedSecretPath(metadata.namespace, metadata.name);
    const present = await client.request({ method: "GET", path, signal });
    return present.metadata.uid === metadata.uid && present.metadata.deletionTimestamp === undefined;
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return false;
    throw error;
  }
}

/** An answer of the API server as a failure of the object: its own text stays out, it may quote the Secret. */
export function updateFailure(error: KubeApiError): Failure {
  return {
    reason: "UpdateFailed",
    message: error.message,
    stalled: !error.retryable,
    event: { reason: "ErrUpdateFailed", message: error.message },
    counter: "update",
  };
}

/**
 * Writes the status subresource by PUT with the resourceVersion that was reconciled, so that a verdict on an older
 * object never covers a newer one.
 * @throws KubeApiError 409 when the object changed meanwhile.
 */
export async function writeStatus(
  object: KubeObject,
  status: SealedSecret["status"],
  client: KubeClient,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = object.metadata;
  const path = `${sealedSecretPath(namespace, name)}/status`;
  await client.request({ method: "PUT", path, body: { ...object, status }, signal });
}

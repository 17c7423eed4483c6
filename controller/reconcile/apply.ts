import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath, sealedSecretPath } from "../../shared/kube/paths.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { Failure, Plan } from "./decide.ts";

/**
 * Carries out a plan on the Secret: by POST, or by PUT with the resourceVersion that was read.
 * @returns null when the Secret now is as wanted, else why it is not.
 * @throws KubeApiError 409 when somebody was faster: look again.
 * @throws KubeUnreachableError; the signal's reason when aborted.
 */
export async function applyPlan(
  plan: Plan,
  client: KubeClient,
  signal: AbortSignal,
): Promise<Failure | null> {
  if (plan.kind === "in-sync") return null;
  if (plan.kind === "fail") return plan.failure;
  const { namespace, name } = plan.secret.metadata;
  try {
    await (plan.kind === "create"
      ? client.request({ method: "POST", path: corePath("secrets", namespace), body: plan.secret, signal })
      : client.request({
          method: "PUT",
          path: corePath("secrets", namespace, name),
          body: plan.secret,
          signal,
        }));
    return null;
  } catch (error) {
    if (error instanceof KubeApiError && error.status !== 409) return updateFailure(error);
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

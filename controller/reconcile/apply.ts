import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath, sealedSecretPath } from "../../shared/kube/paths.ts";
import { API_VERSION, KIND } from "../../shared/resource.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { updateFailure } from "./failure.ts";
import type { Applied, Plan } from "./plan.ts";
import { recreateSecret } from "./recreate-secret.ts";
import { FIELD_MANAGER } from "./secret-origin.ts";

/**
 * Carries out a plan on the Secret: by POST, by PUT with the resourceVersion that was read, or by deleting that very
 * version before a POST.
 * @throws KubeApiError 409 when somebody was faster: look again.
 * @throws KubeUnreachableError; the signal's reason when aborted.
 */
export async function applyPlan(plan: Plan, client: KubeClient, signal: AbortSignal): Promise<Applied> {
  if (plan.kind === "in-sync") return { ok: true, written: null };
  if (plan.kind === "fail") return { ok: false, failure: plan.failure };
  if (plan.kind === "recreate") return recreateSecret(plan, client, signal);
  const { namespace, name } = plan.secret.metadata;
  const target =
    plan.kind === "create"
      ? ({ method: "POST", path: corePath("secrets", namespace) } as const)
      : ({ method: "PUT", path: corePath("secrets", namespace, name) } as const);
  try {
    const query = { fieldManager: FIELD_MANAGER };
    return { ok: true, written: await client.request({ ...target, query, body: plan.secret, signal }) };
  } catch (error) {
    if (error instanceof KubeApiError && error.status !== 409) {
      return { ok: false, failure: updateFailure(error) };
    }
    throw error;
  }
}

/**
 * Writes the status subresource by PUT with uid and resourceVersion of what was reconciled, so that a verdict on an
 * older object never covers a newer one. Only the status is sent: the API server takes all else from what it has.
 * @returns the object as it was stored; a definition that does not know a field has dropped it.
 * @throws KubeApiError 409 when the object changed meanwhile; KubeUnreachableError; the signal's reason when aborted.
 */
export async function writeStatus(
  { metadata }: Pick<KubeObject, "metadata">,
  status: SealedSecret["status"],
  client: KubeClient,
  signal: AbortSignal,
): Promise<KubeObject> {
  const { name, namespace, uid, resourceVersion } = metadata;
  const body = {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, namespace, uid, resourceVersion },
    status,
  };
  const path = `${sealedSecretPath(namespace, name)}/status`;
  return client.request({ method: "PUT", path, body, signal });
}

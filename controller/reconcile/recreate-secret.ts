import { KubeApiError, KubeUnreachableError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { deleteSecret } from "./delete-secret.ts";
import { updateFailure } from "./failure.ts";
import { beingDeleted } from "./obstacle.ts";
import type { Applied, RecreatePlan } from "./plan.ts";
import type { SecretObject } from "./secret-object.ts";
import { FIELD_MANAGER } from "./secret-origin.ts";

/** A name under which the new Secret is tried out: nothing is stored there. */
const TRIAL_PREFIX = "signet-trial-";

/**
 * Puts another Secret in the place of one that cannot be changed. First the API server is asked whether it would take
 * the new one at all; then the old one is deleted, in the version that was read; then the new one is created. Should that
 * last step fail, the next look finds no Secret and creates it.
 * @throws KubeApiError 409 when somebody was faster: look again. KubeUnreachableError while nothing is deleted yet; the
 * signal's reason when aborted.
 */
export async function recreateSecret(
  { secret, replaces }: RecreatePlan,
  client: KubeClient,
  signal: AbortSignal,
): Promise<Applied> {
  const { namespace, name = "" } = secret.metadata;
  const post = (body: SecretObject, query: Record<string, string> = {}): Promise<KubeObject> =>
    client.request({
      method: "POST",
      path: corePath("secrets", namespace),
      query: { fieldManager: FIELD_MANAGER, ...query },
      body,
      signal,
    });
  const { name: _name, ...metadata } = secret.metadata;
  try {
    await post({ ...secret, metadata: { ...metadata, generateName: TRIAL_PREFIX } }, { dryRun: "All" });
  } catch (error) {
    return failure(error, `Secret "${name}" must be created anew and stays as it is, since that would fail:`);
  }
  let left: SecretObject | null;
  try {
    left = await deleteSecret({ namespace, name }, replaces, client, signal);
  } catch (error) {
    return failure(error, `Secret "${name}" must be created anew:`);
  }
  const held = left === null ? null : beingDeleted(left);
  if (held !== null) return { ok: false, failure: held };
  try {
    return { ok: true, written: await post(secret) };
  } catch (error) {
    return failure(error, `Secret "${name}" was deleted to be created anew, which is tried again:`);
  }
}

/** @throws what is no answer of the API server on the object itself. */
function failure(error: unknown, what: string): Applied {
  const isAnswer = error instanceof KubeApiError && error.status !== 409;
  if (!isAnswer && !(error instanceof KubeUnreachableError)) throw error;
  return { ok: false, failure: updateFailure(error, what) };
}

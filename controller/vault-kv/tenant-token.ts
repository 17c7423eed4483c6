import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { audiencesOf } from "./jwt-claims.ts";
import { VaultReferenceError } from "./reference-error.ts";

/** The one ServiceAccount of a namespace that its references are read as. No other is ever asked for. */
export const TENANT_ACCOUNT = "signet-vault";
/** What the API server gives at least. */
const LIFETIME_S = 600;

/**
 * A token of a namespace's ServiceAccount `signet-vault`, for Vault alone, good for ten minutes
 * (https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/).
 * @throws VaultReferenceError where there is no such account, or no right to its tokens; KubeApiError, KubeUnreachableError;
 * the signal's reason when aborted.
 */
export async function requestTenantToken(
  client: KubeClient,
  { namespace, audience }: { namespace: string; audience: string },
  signal: AbortSignal,
): Promise<string> {
  const answer = await client
    .request({
      method: "POST",
      path: corePath("serviceaccounts", namespace, TENANT_ACCOUNT, "token"),
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: { audiences: [audience], expirationSeconds: LIFETIME_S },
      },
      signal,
    })
    .catch((error: unknown) => {
      throw error instanceof KubeApiError ? (refusal(error, namespace) ?? error) : error;
    });
  const status = answer["status"];
  const token = typeof status === "object" && status !== null && "token" in status ? status.token : null;
  // A token for anybody else must not leave the cluster.
  if (typeof token === "string" && isFor(token, audience)) return token;
  throw new VaultReferenceError(
    "VaultTokenForbidden",
    `the API server gave no token of the ServiceAccount ${namespace}/${TENANT_ACCOUNT} for the audience of Vault alone`,
    "look for an admission webhook that changes TokenRequests",
  );
}

function isFor(token: string, audience: string): boolean {
  const audiences = audiencesOf(token);
  return audiences.length === 1 && audiences[0] === audience;
}

function refusal(error: KubeApiError, namespace: string): VaultReferenceError | null {
  if (error.status === 404)
    return new VaultReferenceError(
      "VaultAccountMissing",
      `namespace ${namespace} has no ServiceAccount ${TENANT_ACCOUNT}, as which Vault would be read`,
      `kubectl -n ${shellWord(namespace)} create serviceaccount ${TENANT_ACCOUNT}`,
      { cause: error },
    );
  if (error.status === 403)
    return new VaultReferenceError(
      "VaultTokenForbidden",
      `the controller may not request tokens of the ServiceAccount ${namespace}/${TENANT_ACCOUNT}`,
      "turn vaultReferences on in the chart, or grant create on serviceaccounts/token for that one name",
      { cause: error },
    );
  return null;
}

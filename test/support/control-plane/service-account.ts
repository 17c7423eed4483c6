import type { ApiRequest } from "./api-request.ts";
import { isRecord, type KubeObject } from "./kube-object.ts";

/** Which ServiceAccount. */
export type ServiceAccountName = { namespace: string; name: string };

/**
 * Gets a token of a ServiceAccount from the TokenRequest API, good for an hour, as a pod would have it. Namespace and
 * ServiceAccount are made when they are missing.
 * @param audiences whom it is for; the API server by default.
 * @returns the bearer token.
 */
export async function requestServiceAccountToken(
  request: ApiRequest,
  account: ServiceAccountName,
  audiences?: readonly string[],
): Promise<string> {
  const { namespace, name } = account;
  await makeMissing(request, "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await makeMissing(request, accounts, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace },
  });
  const { status, body } = await request("POST", `${accounts}/${name}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: 3600, ...(audiences === undefined ? {} : { audiences }) },
  });
  const token = isRecord(body) && isRecord(body["status"]) ? body["status"]["token"] : undefined;
  if (typeof token !== "string")
    throw new Error(`no token for ServiceAccount ${namespace}/${name} (${status})`);
  return token;
}

async function makeMissing(request: ApiRequest, collection: string, object: KubeObject): Promise<void> {
  const { status } = await request("POST", collection, object);
  const alreadyThere = 409;
  if (status !== 201 && status !== alreadyThere)
    throw new Error(`cannot make ${object.kind} ${object.metadata.name} (${status})`);
}

import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { sealedSecretPath } from "../../shared/kube/paths.ts";
import type { Place } from "../../shared/scope.ts";

/** Names and namespaces are all that is asked for: a page of whole objects may be large. */
const METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const PAGE = "500";

/**
 * Where the SealedSecrets of a cluster stand that the caller may list: all of them, or those of the namespaces given
 * where only these may be listed.
 * @throws KubeApiError when not even these may be listed; KubeUnreachableError.
 */
export async function placesInCluster(
  client: Pick<KubeClient, "request">,
  namespaces: Iterable<string>,
): Promise<Place[]> {
  try {
    return await listed(client, null);
  } catch (error) {
    if (!(error instanceof KubeApiError) || error.status !== 403) throw error;
    const places: Place[] = [];
    for (const namespace of new Set(namespaces)) places.push(...(await listed(client, namespace)));
    return places;
  }
}

async function listed(client: Pick<KubeClient, "request">, namespace: string | null): Promise<Place[]> {
  const places: Place[] = [];
  let next = "";
  do {
    const page = await client.request({
      method: "GET",
      path: sealedSecretPath(namespace),
      query: { limit: PAGE, ...(next === "" ? {} : { continue: next }) },
      accept: METADATA_ONLY,
    });
    for (const { metadata } of itemsOf(page)) {
      if (metadata.name !== undefined && metadata.namespace !== undefined) {
        places.push({ namespace: metadata.namespace, name: metadata.name });
      }
    }
    const more = page.metadata["continue"];
    next = typeof more === "string" ? more : "";
  } while (next !== "");
  return places;
}

function itemsOf({ items }: KubeObject): KubeObject[] {
  return Array.isArray(items) ? items : [];
}

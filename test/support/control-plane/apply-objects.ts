import type { ApiRequest, ApiResponse } from "./api-request.ts";
import { untilGranted } from "./granted-rights.ts";
import { asKubeObject, isRecord, type KubeObject } from "./kube-object.ts";
import { waitUntil } from "./wait-until.ts";

/**
 * Creates each object, or replaces the one that is there, in order, as the administrator. A CustomResourceDefinition is
 * waited for until its resource is served, and what roles are bound until it counts. Status is not written (that takes the status subresource).
 * @returns the objects as stored.
 * @throws Error with the API server's message when it refuses one.
 */
export async function applyObjects(
  request: ApiRequest,
  objects: readonly KubeObject[],
): Promise<KubeObject[]> {
  const stored: KubeObject[] = [];
  for (const object of objects) {
    stored.push(await applyObject(request, object));
    if (object.kind === "CustomResourceDefinition") await untilServed(request, object);
  }
  await untilGranted(request, objects);
  return stored;
}

const MOST_TRIES = 10;

async function applyObject(request: ApiRequest, object: KubeObject): Promise<KubeObject> {
  const collection = await collectionPath(request, object);
  const created = await request("POST", collection, object);
  if (created.status !== 409) return accepted(created, object);
  const path = `${collection}/${object.metadata.name}`;
  // A controller may write a status between the two requests.
  for (let tries = 1; ; tries++) {
    const present = asKubeObject(accepted(await request("GET", path), object));
    const { resourceVersion } = present.metadata;
    const metadata = { ...object.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    const replaced = await request("PUT", path, { ...object, metadata });
    if (replaced.status !== 409 || tries === MOST_TRIES) return accepted(replaced, object);
  }
}

/**
 * Asks the API server where objects of this kind live.
 * @returns the path of the collection the object belongs to.
 * @throws Error when the server does not serve the kind.
 */
export async function collectionPath(request: ApiRequest, object: KubeObject): Promise<string> {
  const group = object.apiVersion.includes("/") ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
  const { body } = await request("GET", group);
  const resources = isRecord(body) && Array.isArray(body["resources"]) ? body["resources"] : [];
  for (const resource of resources) {
    if (!isRecord(resource) || resource["kind"] !== object.kind) continue;
    const name = resource["name"];
    if (typeof name !== "string" || name.includes("/")) continue; // a subresource
    if (resource["namespaced"] !== true) return `${group}/${name}`;
    return `${group}/namespaces/${object.metadata.namespace ?? "default"}/${name}`;
  }
  throw new Error(`the API server does not serve ${object.apiVersion} ${object.kind}`);
}

async function untilServed(request: ApiRequest, definition: KubeObject): Promise<void> {
  const spec = isRecord(definition["spec"]) ? definition["spec"] : {};
  const names = isRecord(spec["names"]) ? spec["names"] : {};
  const versions: unknown[] = Array.isArray(spec["versions"]) ? spec["versions"] : [];
  for (const version of versions.filter(isRecord).filter(({ served }) => served === true)) {
    const apiVersion = `${String(spec["group"])}/${String(version["name"])}`;
    const kind = String(names["kind"]);
    // Discovery lists the resource a moment before its handler stands, so the collection itself is asked.
    await waitUntil({ what: `${apiVersion} ${kind} to be served` }, async () => {
      const path = await collectionPath(request, { apiVersion, kind, metadata: { name: "any" } });
      const { status } = await request("GET", `${path}?limit=1`);
      return status === 200 ? true : null;
    });
  }
}

function accepted({ status, body }: ApiResponse, object: KubeObject): KubeObject {
  if (status >= 200 && status < 300) return asKubeObject(body);
  const message = isRecord(body) ? String(body["message"]) : String(body);
  throw new Error(`the API server refused ${object.kind} ${object.metadata.name} (${status}): ${message}`);
}

import { randomUUID } from "node:crypto";
import type { ApiObject } from "./api-object.ts";
import { wholeSecondNow, withMetadata } from "./api-object.ts";
import type { WriteContext } from "./object-writes.ts";
import type { ResourceCatalog } from "./resources.ts";
import { resourceKey } from "./resources.ts";
import { objectKey } from "./store.ts";

/**
 * The objects of a cluster, read and written at once and past all rules: for setting a scene, and for looking at
 * what came of it. Resources are named as in `secrets` and `sealedsecrets.bitnami.com`.
 */
export class StoredObjects {
  readonly #context: WriteContext;
  readonly #catalog: ResourceCatalog;

  constructor(context: WriteContext, catalog: ResourceCatalog) {
    this.#context = context;
    this.#catalog = catalog;
  }

  /** @param namespace undefined for cluster-wide resources. @returns null when there is none */
  get(resource: string, namespace: string | undefined, name: string): ApiObject | null {
    return this.#context.store.get(resource, objectKey(namespace, name));
  }

  list(resource: string, namespace?: string): ApiObject[] {
    return this.#context.store
      .entries(resource)
      .map(([, object]) => object)
      .filter((object) => namespace === undefined || object.metadata.namespace === namespace);
  }

  /** Creates or replaces; uid and creationTimestamp are given where missing, watches see the change. */
  put(object: ApiObject): ApiObject {
    const resource = this.#catalog.byKind(object.apiVersion, object.kind);
    if (resource === null) throw new Error(`no resource serves ${object.apiVersion} ${object.kind}`);
    const { namespace, name = "", generation } = object.metadata;
    const [table, key] = [resourceKey(resource), objectKey(namespace, name)];
    const previous = this.#context.store.get(table, key);
    const complete = withMetadata(object, {
      uid: object.metadata.uid ?? previous?.metadata.uid ?? randomUUID(),
      creationTimestamp:
        object.metadata.creationTimestamp ?? previous?.metadata.creationTimestamp ?? wholeSecondNow(),
      generation: resource.generation ? (generation ?? (previous?.metadata.generation ?? 0) + 1) : undefined,
    });
    return this.#context.store.put(table, key, complete);
  }

  /** @returns false when there was none. */
  delete(resource: string, namespace: string | undefined, name: string): boolean {
    return this.#context.store.delete(resource, objectKey(namespace, name)) !== null;
  }

  ensureNamespace(name: string): void {
    if (this.get("namespaces", undefined, name) !== null) return;
    this.put({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    });
  }
}

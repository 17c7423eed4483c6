import type { ApiObject, OwnerReference } from "./api-object.ts";
import { withMetadata } from "./api-object.ts";
import type { WriteContext } from "./object-writes.ts";
import { deleteObject } from "./object-writes.ts";
import type { ApiResource, ResourceCatalog } from "./resources.ts";
import { resourceKey } from "./resources.ts";
import { objectKey } from "./store.ts";

interface Dependent {
  resource: ApiResource;
  key: string;
  object: ApiObject;
}

const foreground = "foregroundDeletion";
const orphan = "orphan";

/**
 * What kube-controller-manager does about owners and namespaces: deletes what lost all its owners, empties and
 * removes namespaces that are being deleted, and serves the finalizers of foreground and orphaning deletions.
 * It runs shortly after writes, as a whole; at this size a graph of owners would not pay.
 */
export class GarbageCollector {
  readonly #context: WriteContext;
  readonly #catalog: ResourceCatalog;
  readonly #delayMs: number;
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | null = null;

  /** @param delayMs time from a write to the collection it causes */
  constructor(context: WriteContext, catalog: ResourceCatalog, delayMs: number) {
    this.#context = context;
    this.#catalog = catalog;
    this.#delayMs = delayMs;
    this.#unsubscribe = context.store.subscribe(({ type, object }) => {
      const { ownerReferences, deletionTimestamp } = object.metadata;
      if (type === "DELETED" || ownerReferences !== undefined || deletionTimestamp !== undefined)
        this.#schedule();
    });
  }

  stop(): void {
    this.#unsubscribe();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#collect();
    }, this.#delayMs);
  }

  #collect(): void {
    const dependents = this.#dependents();
    for (const dependent of dependents) this.#judge(dependent);
    for (const { resource, key, object } of this.#deleting()) {
      const { finalizers = [], uid } = object.metadata;
      const owned = this.#dependents().filter(({ object: one }) =>
        ownersOf(one).some((owner) => owner.uid === uid),
      );
      if (finalizers.includes(orphan)) {
        for (const one of owned)
          this.#keepOwners(
            one,
            ownersOf(one.object).filter((owner) => owner.uid !== uid),
          );
        this.#release(resource, key, object, orphan);
      } else if (finalizers.includes(foreground) && owned.length === 0) {
        this.#release(resource, key, object, foreground);
      }
    }
    this.#emptyNamespaces();
  }

  #all(): Dependent[] {
    return this.#catalog
      .all()
      .flatMap((resource) =>
        this.#context.store
          .entries(resourceKey(resource))
          .map(([key, object]) => ({ resource, key, object })),
      );
  }

  #dependents(): Dependent[] {
    return this.#all().filter(({ object }) => ownersOf(object).length > 0);
  }

  #deleting(): Dependent[] {
    return this.#all().filter(({ object }) => object.metadata.deletionTimestamp !== undefined);
  }

  /** An owner of an unknown kind counts as present: what cannot be looked up is never deleted. */
  #ownerState(owner: OwnerReference, namespace: string | undefined): "present" | "deleting" | "absent" {
    const resource = this.#catalog.byKind(owner.apiVersion, owner.kind);
    if (resource === null) return "present";
    const key = objectKey(resource.namespaced ? namespace : undefined, owner.name);
    const found = this.#context.store.get(resourceKey(resource), key);
    if (found === null || found.metadata.uid !== owner.uid) return "absent";
    return (found.metadata.finalizers ?? []).includes(foreground) &&
      found.metadata.deletionTimestamp !== undefined
      ? "deleting"
      : "present";
  }

  #judge(dependent: Dependent): void {
    const { resource, object } = dependent;
    const { namespace, name = "", uid, deletionTimestamp } = object.metadata;
    const owners = ownersOf(object).map((owner) => ({ owner, state: this.#ownerState(owner, namespace) }));
    const present = owners.filter(({ state }) => state === "present");
    if (present.length === owners.length || deletionTimestamp !== undefined) return;
    if (present.length > 0) {
      this.#keepOwners(
        dependent,
        present.map(({ owner }) => owner),
      );
      return;
    }
    const target = { resource, namespace, dryRun: false, strict: false };
    deleteObject(this.#context, target, name, uid === undefined ? {} : { uid });
  }

  #keepOwners({ resource, key, object }: Dependent, owners: OwnerReference[]): void {
    const ownerReferences = owners.length === 0 ? undefined : owners;
    this.#context.store.put(resourceKey(resource), key, withMetadata(object, { ownerReferences }));
  }

  #release(resource: ApiResource, key: string, object: ApiObject, finalizer: string): void {
    const left = (object.metadata.finalizers ?? []).filter((one) => one !== finalizer);
    const { store } = this.#context;
    if (left.length === 0) store.delete(resourceKey(resource), key);
    else store.put(resourceKey(resource), key, withMetadata(object, { finalizers: left }));
  }

  #emptyNamespaces(): void {
    const { store } = this.#context;
    for (const [key, { metadata }] of store.entries("namespaces")) {
      if (metadata.deletionTimestamp === undefined) continue;
      const contents = (): Dependent[] =>
        this.#all().filter(({ object }) => object.metadata.namespace === metadata.name);
      for (const { resource, object } of contents()) {
        if (object.metadata.deletionTimestamp !== undefined) continue;
        const target = { resource, namespace: metadata.name, dryRun: false, strict: false };
        deleteObject(this.#context, target, object.metadata.name ?? "", {});
      }
      if (contents().length === 0) store.delete("namespaces", key);
    }
  }
}

const ownersOf = (object: ApiObject): OwnerReference[] => object.metadata.ownerReferences ?? [];

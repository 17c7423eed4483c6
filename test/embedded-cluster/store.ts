import type { ApiObject } from "./api-object.ts";
import { withMetadata } from "./api-object.ts";

/** One write, in order of revisions. `object` of a deletion is the last state under the deletion's revision. */
export interface StoreEvent {
  revision: bigint;
  resource: string;
  key: string;
  type: "ADDED" | "MODIFIED" | "DELETED";
  object: ApiObject;
  previous: ApiObject | null;
}

/** Key within a resource. Its order is the order of lists. */
export const objectKey = (namespace: string | undefined, name: string): string =>
  `${namespace ?? ""}/${name}`;

/**
 * All objects under one revision counter, with the recent writes kept as a log: what watches resume from and
 * what lists at an earlier revision are rebuilt with. It keeps no rules; they stand before it.
 */
export class Store {
  readonly #objects = new Map<string, Map<string, ApiObject>>();
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  readonly #historyLimit: number;
  #events: StoreEvent[] = [];
  #revision = 1n;
  #compacted = 0n;

  /** @param historyLimit writes kept in the log at most */
  constructor(historyLimit: number) {
    this.#historyLimit = historyLimit;
  }

  get revision(): bigint {
    return this.#revision;
  }

  /** Revisions before this one can no longer be read. */
  get compacted(): bigint {
    return this.#compacted;
  }

  get(resource: string, key: string): ApiObject | null {
    return this.#objects.get(resource)?.get(key) ?? null;
  }

  /** @returns the objects of a resource with their keys, in the order of the keys. */
  entries(resource: string): [string, ApiObject][] {
    return sorted(this.#objects.get(resource) ?? []);
  }

  put(resource: string, key: string, object: ApiObject): ApiObject {
    const previous = this.get(resource, key);
    const stored = withMetadata(object, { resourceVersion: String(this.#revision + 1n) });
    const objects = this.#objects.get(resource) ?? new Map<string, ApiObject>();
    this.#objects.set(resource, objects);
    objects.set(key, stored);
    this.#append({ resource, key, type: previous === null ? "ADDED" : "MODIFIED", object: stored, previous });
    return stored;
  }

  delete(resource: string, key: string): ApiObject | null {
    const previous = this.get(resource, key);
    if (previous === null) return null;
    this.#objects.get(resource)?.delete(key);
    const object = withMetadata(previous, { resourceVersion: String(this.#revision + 1n) });
    this.#append({ resource, key, type: "DELETED", object, previous });
    return object;
  }

  /** @returns the objects as they were at a revision, or null when it was compacted away. */
  entriesAt(resource: string, revision: bigint): [string, ApiObject][] | null {
    if (revision < this.#compacted) return null;
    const objects = new Map(this.#objects.get(resource) ?? []);
    for (const event of this.#events.toReversed()) {
      if (event.revision <= revision) break;
      if (event.resource !== resource) continue;
      if (event.previous === null) objects.delete(event.key);
      else objects.set(event.key, event.previous);
    }
    return sorted(objects);
  }

  /** @returns the writes after a revision, or null when some of them were compacted away. */
  eventsAfter(resource: string, revision: bigint): StoreEvent[] | null {
    if (revision < this.#compacted) return null;
    return this.#events.filter((event) => event.revision > revision && event.resource === resource);
  }

  /** Calls the listener at each write, in order, before the write's caller goes on. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets all earlier revisions, as etcd does every few minutes. */
  compact(): void {
    this.#compacted = this.#revision;
    this.#events = [];
  }

  #append(event: Omit<StoreEvent, "revision">): void {
    this.#revision += 1n;
    this.#events.push({ ...event, revision: this.#revision });
    // Dropped by halves, so that a long run does not shift the whole log at each write.
    if (this.#events.length > this.#historyLimit * 2) {
      const dropped = this.#events.splice(0, this.#historyLimit);
      this.#compacted = dropped.at(-1)?.revision ?? this.#compacted;
    }
    for (const listener of [...this.#listeners]) listener({ ...event, revision: this.#revision });
  }
}

function sorted(entries: Iterable<[string, ApiObject]>): [string, ApiObject][] {
  return [...entries].sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
}

import { InputError } from "../../shared/errors.ts";
import type { KubeObject } from "../../shared/kube/client.ts";
import { compareVersions } from "./resource-version.ts";

/** Told of what changes in an informer's cache. A key is `namespace/name`, or `name` for what has no namespace. */
export type CacheHandlers<T> = {
  /** @param initial true when a page of the very first list brought it: it need not be fresh. */
  onAdd?: (key: string, object: T, initial: boolean) => void;
  onUpdate?: (key: string, before: T, object: T) => void;
  /** @param last what was last known; null when that was not valid. */
  onDelete?: (key: string, last: T | null) => void;
  /**
   * An object that `parse` refused. It counts as present but has no value.
   * @param last the former value, null when there was none.
   */
  onInvalid?: (key: string, error: unknown, last: T | null) => void;
};

type Entry<T> = {
  resourceVersion: string;
  uid: string;
  /** Null when `parse` refused it. */
  value: { readonly object: T } | null;
  /** The round that last showed it. */
  round: number;
};

/**
 * Objects of one kind as last seen, and who wants to know of changes. A handler that throws is reported and stops
 * nothing.
 *
 * A round is a list and the watches that follow from it; a list's pages and the events of its watch come in any order.
 * Within a round nothing older takes the place of something newer, and what a watch deleted is not brought back by a page
 * read before. A new round believes whatever it is shown: with a restored backup of etcd all versions go back.
 */
export class ObjectCache<T> {
  readonly #parse: (object: KubeObject) => T;
  readonly #onHandlerError: (error: unknown) => void;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #subscribers = new Set<CacheHandlers<T>>();
  #valid = 0;
  #round = 0;
  /** Of entries of earlier rounds the same version need not mean the same object. */
  #trustedFromRound = 0;
  /** While a list is read: what the watch deleted meanwhile, and at which version. */
  #deleted: Map<string, string> | null = null;

  constructor(parse: (object: KubeObject) => T, onHandlerError: (error: unknown) => void) {
    this.#parse = parse;
    this.#onHandlerError = onHandlerError;
  }

  /** Number of valid objects. */
  get size(): number {
    return this.#valid;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value?.object;
  }

  *entries(): Generator<[key: string, object: T]> {
    for (const [key, { value }] of this.#entries) if (value !== null) yield [key, value.object];
  }

  /** Adds a subscriber; it is not told of what is in the cache already. @returns what ends it. */
  subscribe(handlers: CacheHandlers<T>): () => void {
    this.#subscribers.add(handlers);
    return () => void this.#subscribers.delete(handlers);
  }

  /**
   * A round begins: pages come by `putListed` until `endList`, events meanwhile and afterwards. A list that was not
   * brought to its end is followed by another `beginList`.
   * @param wentBack the list is of an earlier version than the round before it: versions may have been given out anew.
   */
  beginList(wentBack: boolean): void {
    this.#round += 1;
    this.#deleted = new Map();
    if (wentBack) this.#trustedFromRound = this.#round;
  }

  /** Takes in an object from a page of the list. */
  putListed(object: KubeObject, initial: boolean): void {
    const key = this.#keyOf(object);
    if (key === null) return;
    const { resourceVersion = "" } = object.metadata;
    const shown = this.#shownVersion(key) ?? this.#deleted?.get(key);
    // What cannot be compared: the watch knows better than a page.
    if (shown !== undefined && (compareVersions(resourceVersion, shown) ?? -1) <= 0) return;
    this.#put(key, object, initial);
  }

  /** The list is complete: what this round did not show is gone. */
  endList(): void {
    this.#deleted = null;
    for (const [key, { round }] of [...this.#entries]) if (round !== this.#round) this.#delete(key);
  }

  /** Takes in an object that the watch shows. */
  put(object: KubeObject): void {
    const key = this.#keyOf(object);
    if (key === null || this.#isOlder(key, object)) return;
    this.#put(key, object, false);
  }

  /** Takes out an object whose end the watch shows. */
  remove(object: KubeObject): void {
    const key = keyOf(object);
    if (key === null || this.#isOlder(key, object)) return;
    this.#deleted?.set(key, object.metadata.resourceVersion ?? "");
    this.#delete(key);
  }

  #put(key: string, object: KubeObject, initial: boolean): void {
    const { resourceVersion = "", uid = "" } = object.metadata;
    const before = this.#entries.get(key);
    if (before?.uid === uid && before.resourceVersion === resourceVersion && resourceVersion !== "") {
      const isTrusted = before.round >= this.#trustedFromRound;
      before.round = this.#round;
      if (isTrusted) return;
    }
    // Another object of the same name: the former one's end was missed.
    if (before !== undefined && before.uid !== uid) this.#delete(key);
    const last = this.#entries.get(key)?.value ?? null;
    const entry = { resourceVersion, uid, round: this.#round };
    let value: { object: T } | null;
    try {
      value = { object: this.#parse(withoutManagedFields(object)) };
    } catch (error) {
      this.#set(key, { ...entry, value: null });
      this.#tell((handlers) => handlers.onInvalid?.(key, error, last?.object ?? null));
      return;
    }
    const now = value.object;
    this.#set(key, { ...entry, value });
    if (last === null) this.#tell((handlers) => handlers.onAdd?.(key, now, initial));
    else this.#tell((handlers) => handlers.onUpdate?.(key, last.object, now));
  }

  #keyOf(object: KubeObject): string | null {
    const key = keyOf(object);
    if (key === null) {
      const error = new InputError("an object has no name", "look at what the API server stores");
      this.#tell((handlers) => handlers.onInvalid?.("", error, null));
    }
    return key;
  }

  /** The version of an object in this round, undefined when the round has not shown it. */
  #shownVersion(key: string): string | undefined {
    const entry = this.#entries.get(key);
    return entry?.round === this.#round ? entry.resourceVersion : undefined;
  }

  #isOlder(key: string, { metadata }: KubeObject): boolean {
    const shown = this.#shownVersion(key);
    return shown !== undefined && (compareVersions(metadata.resourceVersion ?? "", shown) ?? 0) < 0;
  }

  #delete(key: string): void {
    const last = this.#entries.get(key);
    if (last === undefined) return;
    this.#entries.delete(key);
    if (last.value !== null) this.#valid -= 1;
    this.#tell((handlers) => handlers.onDelete?.(key, last.value?.object ?? null));
  }

  #set(key: string, entry: Entry<T>): void {
    const had = (this.#entries.get(key)?.value ?? null) !== null;
    this.#valid += Number(entry.value !== null) - Number(had);
    this.#entries.set(key, entry);
  }

  #tell(what: (handlers: CacheHandlers<T>) => void): void {
    for (const handlers of this.#subscribers) {
      try {
        what(handlers);
      } catch (error) {
        this.#onHandlerError(error);
      }
    }
  }
}

/** `namespace/name`, `name` for what has no namespace, null for what has no name. */
export function keyOf({ metadata }: KubeObject): string | null {
  const { namespace, name } = metadata;
  if (typeof name !== "string" || name === "") return null;
  return typeof namespace === "string" && namespace !== "" ? `${namespace}/${name}` : name;
}

/** Most of an object's bytes at times, and of no use to us. */
function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}

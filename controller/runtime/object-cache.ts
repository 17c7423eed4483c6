import { InputError } from "../../shared/errors.ts";
import type { KubeObject } from "../../shared/kube/client.ts";

/** Told of what changes in an informer's cache. A key is `namespace/name`, or `name` for what has no namespace. */
export type CacheHandlers<T> = {
  /** @param initial true while the very first list is read. */
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
};

/**
 * Objects of one kind as last seen, and who wants to know of changes. A handler that throws is reported and stops
 * nothing.
 */
export class ObjectCache<T> {
  readonly #parse: (object: KubeObject) => T;
  readonly #onHandlerError: (error: unknown) => void;
  readonly #entries = new Map<string, Entry<T>>();
  readonly #subscribers = new Set<CacheHandlers<T>>();
  #valid = 0;

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
   * Takes in an object as it now is.
   * @returns its key, or null when it has no name.
   */
  put(object: KubeObject, initial: boolean): string | null {
    const { resourceVersion = "", uid = "" } = object.metadata;
    const key = keyOf(object);
    if (key === null) {
      const error = new InputError("an object has no name", "look at what the API server stores");
      this.#tell((handlers) => handlers.onInvalid?.("", error, null));
      return null;
    }
    const before = this.#entries.get(key);
    if (before?.uid === uid && before.resourceVersion === resourceVersion && resourceVersion !== "")
      return key;
    // Another object of the same name: the former one's end was missed.
    if (before !== undefined && before.uid !== uid) this.delete(key);
    const last = this.#entries.get(key)?.value ?? null;
    let value: { object: T } | null;
    try {
      value = { object: this.#parse(object) };
    } catch (error) {
      this.#set(key, { resourceVersion, uid, value: null });
      this.#tell((handlers) => handlers.onInvalid?.(key, error, last?.object ?? null));
      return key;
    }
    const now = value.object;
    this.#set(key, { resourceVersion, uid, value });
    if (last === null) this.#tell((handlers) => handlers.onAdd?.(key, now, initial));
    else this.#tell((handlers) => handlers.onUpdate?.(key, last.object, now));
    return key;
  }

  delete(key: string): void {
    const last = this.#entries.get(key);
    if (last === undefined) return;
    this.#entries.delete(key);
    if (last.value !== null) this.#valid -= 1;
    this.#tell((handlers) => handlers.onDelete?.(key, last.value?.object ?? null));
  }

  /** Deletes all but these keys. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of [...this.#entries.keys()]) if (!keys.has(key)) this.delete(key);
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

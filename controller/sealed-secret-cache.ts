import { KubeApiError } from "../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../shared/kube/client.ts";
import { sealedSecretPath } from "../shared/kube/paths.ts";
import { type WatchedObject, watchedObject } from "./reconcile/watched-object.ts";
import type { Clock } from "./runtime/clock.ts";
import { Informer } from "./runtime/informer.ts";
import { type CacheHandlers, keyOf } from "./runtime/object-cache.ts";
import { SealedSecretBodies } from "./sealed-secret-bodies.ts";

/** What to watch. */
export type CacheOptions = {
  client: KubeClient;
  clock: Clock;
  /** Null for all namespaces. */
  namespaces: readonly string[] | null;
  /** Empty for no selection. */
  labelSelector: string;
  /** Told of each failure to watch; of a right that is lacking in one of several namespaces once. */
  onError: (error: unknown) => void;
};

/**
 * The SealedSecrets the controller serves: one watch over all namespaces, or one for each of a list. What it keeps of
 * each tells whether there is work; the values pass through, and are kept within a bound while somebody works on them.
 */
export class SealedSecretCache {
  readonly #informers: readonly Informer<WatchedObject>[];
  /** Complete lists of an informer at the time it was last refused, where there are others. */
  readonly #refusedAfter = new Map<Informer<WatchedObject>, number>();
  readonly #bodies = new SealedSecretBodies();
  readonly #names = new Map<string, Set<string>>();
  /** Until it is known who leads, it may be us. */
  #keepsBodies = true;

  constructor({ client, clock, namespaces, labelSelector, onError }: CacheOptions) {
    this.#informers = (namespaces ?? [null]).map((namespace) => {
      const informer: Informer<WatchedObject> = new Informer<WatchedObject>({
        client,
        clock,
        path: sealedSecretPath(namespace),
        parse: (object) => this.#taken(object),
        onError: (error) => this.#isNews(informer, error) && onError(error),
        // A page is held in memory whole, and one object may have more than a megabyte.
        pageSize: 100,
        ...(labelSelector === "" ? {} : { labelSelector }),
      });
      return informer;
    });
    this.subscribe({
      onAdd: (_key, { namespace, name }) => {
        const names = this.#names.get(namespace);
        if (names === undefined) this.#names.set(namespace, new Set([name]));
        else names.add(name);
      },
      onDelete: (key) => {
        this.#bodies.drop(key);
        const [namespace = "", name = ""] = key.split("/");
        const names = this.#names.get(namespace);
        names?.delete(name);
        if (names?.size === 0) this.#names.delete(namespace);
      },
    });
  }

  /**
   * True once every namespace was listed, but for those among several where the right to do so is lacking: a namespace
   * that is deleted takes its Role along, and shall not take the others along, too.
   */
  get hasSynced(): boolean {
    return (
      this.#informers.some((informer) => informer.hasSynced) &&
      this.#informers.every((informer) => informer.hasSynced || this.#refusedAfter.has(informer))
    );
  }

  /** @param key `namespace/name`. */
  get(key: string): WatchedObject | undefined {
    for (const informer of this.#informers) {
      const watched = informer.get(key);
      if (watched !== undefined) return watched;
    }
    return undefined;
  }

  /** All objects by key. */
  *entries(): Generator<[string, WatchedObject]> {
    for (const informer of this.#informers) yield* informer.entries();
  }

  /** Names of the SealedSecrets of a namespace. */
  namesIn(namespace: string): Iterable<string> {
    return this.#names.get(namespace) ?? [];
  }

  /** From now on, keeps what comes by until it is taken or let go of; or stops to. */
  keepBodies(keep: boolean): void {
    this.#keepsBodies = keep;
    if (!keep) this.#bodies.clear();
  }

  /** The whole object of a key, if it was kept and is the one that `get` tells of; it is kept no longer. */
  takeBody(key: string): KubeObject | null {
    return this.#bodies.take(key, this.get(key)?.resourceVersion ?? "");
  }

  /** Lets go of the whole object of a key: nobody will work on it. */
  dropBody(key: string): void {
    this.#bodies.drop(key);
  }

  /** Tells of changes; to be called before `run`. @returns what ends the subscription. */
  subscribe(subscriber: CacheHandlers<WatchedObject>): () => void {
    const ends = this.#informers.map((informer) => informer.subscribe(subscriber));
    return () => {
      for (const end of ends) end();
    };
  }

  /** Watches until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.run(signal)));
  }

  #isNews(informer: Informer<WatchedObject>, error: unknown): boolean {
    if (this.#informers.length === 1) return true;
    if (!(error instanceof KubeApiError) || error.status !== 403) return true;
    // It is asked again and again; told of only once, until it worked meanwhile.
    const isNews = this.#refusedAfter.get(informer) !== informer.lists;
    this.#refusedAfter.set(informer, informer.lists);
    return isNews;
  }

  #taken(object: KubeObject): WatchedObject {
    const key = keyOf(object);
    if (this.#keepsBodies && key !== null) this.#bodies.put(key, withoutManagedFields(object));
    return watchedObject(object);
  }
}

function withoutManagedFields(object: KubeObject): KubeObject {
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}

import type { KubeClient } from "../shared/kube/client.ts";
import { sealedSecretPath } from "../shared/kube/paths.ts";
import { type WatchedObject, watchedObject } from "./reconcile/watched-object.ts";
import type { Clock } from "./runtime/clock.ts";
import { Informer } from "./runtime/informer.ts";
import type { CacheHandlers } from "./runtime/object-cache.ts";

/** What to watch. */
export type CacheOptions = {
  client: KubeClient;
  clock: Clock;
  /** Null for all namespaces. */
  namespaces: readonly string[] | null;
  /** Empty for no selection. */
  labelSelector: string;
  onError: (error: unknown) => void;
};

/** The SealedSecrets the controller serves: one watch over all namespaces, or one for each of a list. */
export class SealedSecretCache {
  readonly #informers: readonly Informer<WatchedObject>[];

  constructor({ client, clock, namespaces, labelSelector, onError }: CacheOptions) {
    this.#informers = (namespaces ?? [null]).map(
      (namespace) =>
        new Informer<WatchedObject>({
          client,
          clock,
          path: sealedSecretPath(namespace),
          parse: watchedObject,
          onError,
          // A page is held in memory whole, and one object may have more than a megabyte.
          pageSize: 50,
          ...(labelSelector === "" ? {} : { labelSelector }),
        }),
    );
  }

  /** True once every namespace was listed. */
  get hasSynced(): boolean {
    return this.#informers.every((informer) => informer.hasSynced);
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
  *namesIn(namespace: string): Generator<string> {
    for (const [, { object }] of this.entries()) {
      if (object.metadata.namespace === namespace) yield object.metadata.name ?? "";
    }
  }

  /** Tells of changes; to be called before `run`. */
  subscribe(subscriber: CacheHandlers<WatchedObject>): void {
    for (const informer of this.#informers) informer.subscribe(subscriber);
  }

  /** Watches until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.run(signal)));
  }
}

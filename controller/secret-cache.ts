import { wordsOf } from "../shared/errors.ts";
import { KubeApiError } from "../shared/kube/api-error.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import { corePath } from "../shared/kube/paths.ts";
import type { Log } from "./log.ts";
import { type SecretVersion, secretVersion } from "./reconcile/secret-version.ts";
import type { Clock } from "./runtime/clock.ts";
import { Informer } from "./runtime/informer.ts";
import type { CacheHandlers } from "./runtime/object-cache.ts";

/** What to watch, and whom to tell of failures. */
export type SecretCacheOptions = {
  client: Pick<KubeClient, "request" | "watch">;
  clock: Clock;
  /** Null for all namespaces. */
  namespaces: readonly string[] | null;
  log: Log;
};

/**
 * Which version of each Secret stands in the namespaces that are served. It asks for metadata only and keeps less of
 * it, since most of a cluster's Secrets are none of ours. Labels do not select here: a SealedSecret's labels are not
 * its Secret's.
 */
export class SecretCache {
  readonly #informers: readonly Informer<SecretVersion>[];
  /** By the namespace that it lists; null for the one of all. */
  readonly #byNamespace: ReadonlyMap<string | null, Informer<SecretVersion>>;
  /** Complete lists of an informer at the time it was last refused. */
  readonly #refusedAfter = new Map<Informer<SecretVersion>, number>();
  readonly #refusals = new Map<Informer<SecretVersion>, PromiseWithResolvers<void>>();

  constructor({ client, clock, namespaces, log }: SecretCacheOptions) {
    const entries = (namespaces ?? [null]).map((namespace) => {
      const informer: Informer<SecretVersion> = new Informer<SecretVersion>({
        client,
        clock,
        path: corePath("secrets", namespace),
        parse: secretVersion,
        metadataOnly: true,
        onError: (error) => this.#tell(log, namespace, informer, error),
      });
      return [namespace, informer] as const;
    });
    this.#byNamespace = new Map(entries);
    this.#informers = [...this.#byNamespace.values()];
  }

  /** Whether the namespace of a key was listed: what is not here is not there. */
  knows(key: string): boolean {
    return this.#informerOf(key)?.hasSynced ?? false;
  }

  /** Resolves once `hasSynced` is true; never rejects. */
  get whenSynced(): Promise<unknown> {
    return Promise.all(
      this.#informers.map((informer) => Promise.race([informer.synced, this.#refused(informer).promise])),
    );
  }

  /** True once every namespace was listed, but for those where the right to do so is lacking. */
  get hasSynced(): boolean {
    return this.#informers.every((informer) => informer.hasSynced || this.#refusedAfter.has(informer));
  }

  /** @param key `namespace/name`. */
  get(key: string): SecretVersion | undefined {
    return this.#informerOf(key)?.get(key);
  }

  /** Tells of changes; to be called before `run`. @returns what ends the subscription. */
  subscribe(subscriber: CacheHandlers<SecretVersion>): () => void {
    const ends = this.#informers.map((informer) => informer.subscribe(subscriber));
    return () => {
      for (const end of ends) end();
    };
  }

  /** Watches until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#informers.map((informer) => informer.run(signal)));
  }

  #tell(log: Log, namespace: string | null, informer: Informer<SecretVersion>, error: unknown): void {
    if (!(error instanceof KubeApiError) || error.status !== 403) {
      log.warn({ error: wordsOf(error) }, "Cannot watch Secrets, will retry");
      return;
    }
    // It is asked again and again; told of only once, until it worked meanwhile.
    if (this.#refusedAfter.get(informer) === informer.lists) return;
    this.#refusedAfter.set(informer, informer.lists);
    this.#refused(informer).resolve();
    log.warn(
      {
        namespace: namespace ?? "all",
        hint: "grant list and watch on secrets, or start with --skip-recreate",
      },
      "May not watch Secrets: changed and deleted ones are put right at the next change of their SealedSecret only",
    );
  }

  #informerOf(key: string): Informer<SecretVersion> | undefined {
    return this.#byNamespace.get(null) ?? this.#byNamespace.get(key.slice(0, key.indexOf("/")));
  }

  #refused(informer: Informer<SecretVersion>): PromiseWithResolvers<void> {
    const known = this.#refusals.get(informer);
    if (known !== undefined) return known;
    const refused = Promise.withResolvers<void>();
    this.#refusals.set(informer, refused);
    return refused;
  }
}

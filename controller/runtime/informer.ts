import {
  AnswerTooLongError,
  KubeAnswerError,
  KubeApiError,
  KubeUnreachableError,
  WatchIdleError,
} from "../../shared/kube/api-error.ts";
import type { KubeObject, WatchEvent } from "../../shared/kube/client.ts";
import { apiErrorOfStatus } from "../../shared/kube/status-answer.ts";
import { type Backoff, backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { ListWatch, type ListWatchOptions } from "./list-watch.ts";
import { type CacheHandlers, ObjectCache } from "./object-cache.ts";
import { compareVersions } from "./resource-version.ts";

/** What an informer follows, and how. */
export type InformerOptions<T> = ListWatchOptions & {
  clock: Clock;
  /** What the cache keeps of an object, which comes without managedFields. Drops what is not needed; may throw. */
  parse: (object: KubeObject) => T;
  /** Told of each failure to list or watch, and of handlers that throw (`retryInMs` 0). */
  onError?: (error: unknown, retryInMs: number) => void;
  /** Default: 500 ms, doubling up to 30 s. */
  backoff?: Backoff;
};

/** A watch that ends sooner without a word counts as a failure, else a broken server would be asked without pause. */
const SHORT_WATCH_MS = 1_000;
/** So many watches in a row that bring nothing but errors, and the list is read again. */
const FAILED_WATCHES_BEFORE_LIST = 5;

/**
 * A cache of one kind of object that follows the cluster: lists, watches from the list's first page on, resumes what
 * breaks, and lists again when the place to resume from is gone or in doubt. Objects are told of as their page or event
 * arrives; a fresh one does not wait for the pages of ten thousand others.
 */
export class Informer<T> {
  readonly #options: InformerOptions<T>;
  readonly #listWatch: ListWatch;
  readonly #cache: ObjectCache<T>;
  readonly #synced = Promise.withResolvers<void>();
  readonly #backoff: Backoff;
  readonly #random: () => number;
  #hasSynced = false;
  #resourceVersion: string | null = null;
  /** The next thing to do is to list, not to resume the watch. */
  #mustList = true;
  /** The connection was lost: the server may have been restored from a backup that is older than what we have seen. */
  #isInDoubt = false;
  #lists = 0;
  /** In a row; a complete list ends the one, an event or a watch of some length the other. */
  #listFailures = 0;
  #watchFailures = 0;
  #listWhole = false;

  constructor(options: InformerOptions<T>) {
    this.#options = options;
    this.#listWatch = new ListWatch(options);
    this.#backoff = options.backoff ?? { baseMs: 500, capMs: 30_000 };
    this.#random = options.random ?? Math.random;
    this.#cache = new ObjectCache(options.parse, (error) => options.onError?.(error, 0));
  }

  /** True once the first list is complete. Stays true. */
  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  /** Resolves when the first list is complete; never rejects. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Number of valid objects in the cache. */
  get size(): number {
    return this.#cache.size;
  }

  /** How many complete lists were read. */
  get lists(): number {
    return this.#lists;
  }

  /** Where the watch is: version of the list, an event or a bookmark; null before the first page of the first list. */
  get resourceVersion(): string | null {
    return this.#resourceVersion;
  }

  /** @param key `namespace/name`, or `name` for what has no namespace. */
  get(key: string): T | undefined {
    return this.#cache.get(key);
  }

  /** All valid objects with their keys. */
  entries(): IterableIterator<[key: string, object: T]> {
    return this.#cache.entries();
  }

  /** All valid objects. */
  list(): T[] {
    return Array.from(this.#cache.entries(), ([, object]) => object);
  }

  /** Subscribe before `run`: what is in the cache already is not told again. @returns what ends the subscription. */
  subscribe(handlers: CacheHandlers<T>): () => void {
    return this.#cache.subscribe(handlers);
  }

  /**
   * Follows the cluster until the signal aborts; then returns. Failures are retried for ever. What is cached stays, so
   * that a later run goes on from there.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#isInDoubt && !this.#mustList) await this.#settleDoubt(signal);
        if (this.#mustList || this.#resourceVersion === null) await this.#list(signal);
        else await this.#watch(this.#resourceVersion, signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(error, signal);
      }
    }
  }

  /** A server that does not know of our place yet would take up the watch, and be silent until it does. */
  async #settleDoubt(signal: AbortSignal): Promise<void> {
    const latest = await this.#listWatch.latest(signal);
    this.#mustList = (compareVersions(latest, this.#resourceVersion ?? "") ?? 0) < 0;
    this.#isInDoubt = false;
  }

  /** Lists, watching from the first page on; the watch goes on when the list is complete. */
  async #list(signal: AbortSignal): Promise<void> {
    const first = await this.#page("", signal);
    if (first.resourceVersion === "")
      throw new KubeAnswerError(`list ${this.#options.path}`, "the list has no resourceVersion");
    if (first.next === "") this.#endList();
    const givingUp = new AbortController();
    const both = AbortSignal.any([signal, givingUp.signal]);
    const watching = this.#watch(first.resourceVersion, both).then(
      () => null,
      // Dealt with when the list is complete: its end alone makes sure that nothing was missed.
      (error: unknown) => ({ error }),
    );
    try {
      for (let { next } = first; next !== ""; ) {
        ({ next } = await this.#page(next, signal));
        if (next === "") this.#endList();
      }
    } catch (error) {
      givingUp.abort();
      await watching;
      throw error;
    }
    const broken = await watching;
    if (broken !== null) throw broken.error;
  }

  /**
   * Takes in one page. Returns none of it, so that nobody holds its objects longer.
   * @param token where the page before it said to go on; empty for the first page, which begins a new round.
   */
  async #page(token: string, signal: AbortSignal): Promise<{ resourceVersion: string; next: string }> {
    const { resourceVersion, items, next } = await this.#listWatch.page(token, this.#listWhole, signal);
    if (token === "") {
      const before = this.#resourceVersion ?? "";
      this.#cache.beginList((compareVersions(resourceVersion, before) ?? 0) < 0);
      if (resourceVersion !== "") this.#resourceVersion = resourceVersion;
    }
    for (const object of items) this.#cache.putListed(object, !this.#hasSynced);
    return { resourceVersion, next };
  }

  #endList(): void {
    this.#cache.endList();
    this.#mustList = false;
    this.#listWhole = false;
    this.#lists += 1;
    this.#listFailures = 0;
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  async #watch(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const startedAtMs = this.#options.clock.monotonic();
    let events = 0;
    for await (const event of this.#listWatch.watch(resourceVersion, signal)) {
      this.#take(event);
      events += 1;
      this.#watchFailures = 0;
    }
    if (signal.aborted || events > 0) return;
    if (this.#options.clock.monotonic() - startedAtMs < SHORT_WATCH_MS) throw new ShortWatch();
    this.#watchFailures = 0;
  }

  #take({ type, object }: WatchEvent): void {
    if (type === "ERROR") throw new WatchRefused(apiErrorOfStatus(`watch ${this.#options.path}`, object));
    const { resourceVersion } = object.metadata;
    const back = compareVersions(resourceVersion ?? "", this.#resourceVersion ?? "") ?? 0;
    // Of events old servers tell the last version of what was deleted.
    if (type === "BOOKMARK" && back < 0)
      throw new KubeAnswerError(`watch ${this.#options.path}`, "the server went back to an older state");
    if (type === "DELETED") this.#cache.remove(object);
    else if (type !== "BOOKMARK") this.#cache.put(object);
    this.#resourceVersion = resourceVersion ?? this.#resourceVersion;
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    if (error instanceof WatchIdleError) {
      // It took its time, so nothing need be waited for, and a quiet cluster is no fault.
      this.#mustList = true;
      return;
    }
    this.#isInDoubt ||= error instanceof KubeUnreachableError;
    const gone = isStatus(error, 410);
    const failures = this.#mustList ? ++this.#listFailures : ++this.#watchFailures;
    // The list grew too old between two pages: the next one is read in one piece.
    if (this.#mustList && gone) this.#listWhole = true;
    // It is too much for one piece: page by page once more.
    else if (error instanceof AnswerTooLongError) this.#listWhole = false;
    this.#mustList ||= this.#mustListAgain(error);
    // An expired place to resume from is no fault; listing again at once is what the server asks for.
    const atOnce = failures === 1 && gone;
    const waitMs = atOnce ? 0 : this.#waitMs(error, failures);
    const cause = error instanceof WatchRefused ? error.cause : error;
    if (!(error instanceof ShortWatch) && !atOnce) this.#options.onError?.(cause, waitMs);
    await this.#options.clock.sleep(waitMs, signal).catch(() => undefined);
  }

  /** Resuming makes no sense when the place is gone, unknown to the server, or the stream there cannot be read. */
  #mustListAgain(error: unknown): boolean {
    return (
      error instanceof WatchRefused ||
      error instanceof KubeAnswerError ||
      isStatus(error, 410) ||
      isStatus(error, 400) ||
      isStatus(error, 504) ||
      this.#watchFailures >= FAILED_WATCHES_BEFORE_LIST
    );
  }

  #waitMs(error: unknown, failures: number): number {
    const own = backoffMs(failures, this.#backoff, this.#random);
    const cause = error instanceof WatchRefused ? error.cause : error;
    const asked = cause instanceof KubeApiError ? (cause.retryAfterSeconds ?? 0) * 1000 : 0;
    return Math.max(own, Math.min(asked, this.#backoff.capMs));
  }
}

/** An ERROR event: the watch was taken up and then refused. */
class WatchRefused extends Error {
  override readonly cause: KubeApiError;

  constructor(cause: KubeApiError) {
    super(cause.message);
    this.cause = cause;
  }
}

/** The server ended the watch at once. */
class ShortWatch extends Error {}

function isStatus(error: unknown, status: number): boolean {
  const cause = error instanceof WatchRefused ? error.cause : error;
  return cause instanceof KubeApiError && cause.status === status;
}

import {
  KubeAnswerError,
  KubeApiError,
  KubeUnreachableError,
  WatchIdleError,
} from "../../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject, KubeRequest, WatchEvent } from "../../../shared/kube/client.ts";

type Change = { revision: number; type: "ADDED" | "MODIFIED" | "DELETED"; object: KubeObject };

/** A list request that waits for its answer. */
type Asked = { request: KubeRequest; settle: (answer: KubeObject | Error) => void };

/** An open watch: events up to this revision were delivered. */
type Watch = { revision: number; push: (what: WatchEvent | "end" | Error) => void };

const apiError = (status: number) =>
  new KubeApiError({ request: "list things", status, reason: "", retryAfterSeconds: null, fields: [] });

/** How an open watch can end. */
export const WATCH_ENDS = ["end", "broken", "idle", "refused", "unreadable"] as const;

/**
 * A small API server with one kind of object. Nothing is answered or delivered until the test says so, so that a test
 * decides what comes before what.
 */
export class ModelServer implements Pick<KubeClient, "request" | "watch"> {
  /** Objects at each revision, by key. */
  readonly #states: ReadonlyMap<string, KubeObject>[] = [new Map()];
  readonly #changes: Change[] = [];
  #compacted = 0;
  #uids = 0;
  #asked: Asked[] = [];
  readonly #watches = new Set<Watch>();

  get #revision(): number {
    return this.#states.length - 1;
  }

  /** Key and version of each object that stands now. */
  get contents(): Map<string, string> {
    return new Map(Array.from(this.#stateAt(this.#revision), ([key, object]) => [key, versionOf(object)]));
  }

  /** Creates the object, or changes it. */
  write(key: string): void {
    const before = this.#stateAt(this.#revision).get(key);
    this.#change(
      before === undefined ? "ADDED" : "MODIFIED",
      key,
      before?.metadata.uid ?? `uid-${++this.#uids}`,
    );
  }

  delete(key: string): void {
    const before = this.#stateAt(this.#revision).get(key);
    if (before !== undefined) this.#change("DELETED", key, before.metadata.uid ?? "");
  }

  /** Forgets what was: tokens and places to resume from are gone. */
  compact(): void {
    this.#compacted = this.#revision;
  }

  /**
   * Answers the list request that has waited longest.
   * @param fresh read the rest of a list at the newest revision, as a server may whose watch cache answers.
   */
  answer(fresh = false): void {
    const asked = this.#asked.shift();
    asked?.settle(this.#page(asked.request.query ?? {}, fresh));
  }

  /** Fails the list request that has waited longest. */
  refuse(): void {
    this.#asked.shift()?.settle(apiError(500));
  }

  /** Delivers so many events to each watch. */
  deliver(count: number): void {
    for (const watch of this.#watches) {
      for (const change of this.#changes
        .filter(({ revision }) => revision > watch.revision)
        .slice(0, count)) {
        watch.revision = change.revision;
        watch.push({ type: change.type, object: change.object });
      }
    }
  }

  /** Tells watches that have everything where they are. */
  bookmark(): void {
    for (const watch of this.#watches) {
      if (this.#changes.some(({ revision }) => revision > watch.revision)) continue;
      const object = { metadata: { resourceVersion: `${this.#revision}` } };
      watch.push({ type: "BOOKMARK", object });
    }
  }

  endWatches(how: (typeof WATCH_ENDS)[number]): void {
    for (const watch of this.#watches) {
      if (how === "end") watch.push("end");
      else if (how === "broken") watch.push(new KubeUnreachableError("https://s", "the connection broke"));
      else if (how === "idle") watch.push(new WatchIdleError("https://s", 180_000));
      else if (how === "unreadable") watch.push(new KubeAnswerError("watch things", "an event is not JSON"));
      else watch.push({ type: "ERROR", object: { metadata: {}, kind: "Status", code: 500 } });
    }
  }

  /** The process dies: nothing is answered any more, all streams break; the next requests meet the next process. */
  kill(): void {
    for (const { settle } of this.#asked.splice(0))
      settle(new KubeUnreachableError("https://s", "the connection broke"));
    this.endWatches("broken");
  }

  async request(request: KubeRequest): Promise<KubeObject> {
    const { promise, resolve } = Promise.withResolvers<KubeObject | Error>();
    const asked = { request, settle: resolve };
    this.#asked.push(asked);
    const onAbort = () => {
      this.#asked = this.#asked.filter((one) => one !== asked);
      resolve(request.signal?.reason);
    };
    request.signal?.addEventListener("abort", onAbort, { once: true });
    const answer = await promise;
    request.signal?.removeEventListener("abort", onAbort);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async *watch({ query, signal }: KubeRequest): AsyncGenerator<WatchEvent> {
    const pending: (WatchEvent | "end" | Error)[] = [];
    let wake: () => void = () => undefined;
    const watch: Watch = {
      revision: Number(query?.["resourceVersion"]),
      push: (what) => {
        pending.push(what);
        wake();
      },
    };
    if (watch.revision < this.#compacted)
      watch.push({
        type: "ERROR",
        object: { metadata: {}, kind: "Status", code: 410, reason: "Expired" },
      });
    const onAbort = () => wake();
    signal?.addEventListener("abort", onAbort);
    this.#watches.add(watch);
    try {
      while (signal?.aborted !== true) {
        const next = pending.shift();
        if (next === "end") return;
        if (next instanceof Error) throw next;
        if (next === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else yield next;
      }
    } finally {
      this.#watches.delete(watch);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #stateAt(revision: number): ReadonlyMap<string, KubeObject> {
    return this.#states[revision] ?? new Map();
  }

  #change(type: Change["type"], key: string, uid: string): void {
    const revision = this.#revision + 1;
    const [namespace = "", name = ""] = key.split("/");
    const object = { metadata: { namespace, name, uid, resourceVersion: `${revision}` } };
    const state = new Map(this.#stateAt(this.#revision));
    if (type === "DELETED") state.delete(key);
    else state.set(key, object);
    this.#states.push(state);
    this.#changes.push({ revision, type, object });
  }

  /** Tokens read `REVISION KEY`: go on after the key. */
  #page(query: Readonly<Record<string, string>>, fresh: boolean): KubeObject | Error {
    const { continue: token, limit } = query;
    const [listed, after = ""] = token?.split(" ") ?? [];
    const revision = listed === undefined || fresh ? this.#revision : Number(listed);
    if (revision < this.#compacted) return apiError(410);
    const rest = [...this.#stateAt(revision)]
      .filter(([key]) => key > after)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const page = rest.slice(0, limit === undefined ? rest.length : Number(limit));
    const last = page.at(-1)?.[0];
    const next = last !== undefined && page.length < rest.length ? { continue: `${revision} ${last}` } : {};
    return {
      metadata: { resourceVersion: `${revision}`, ...next },
      items: page.map(([, object]) => structuredClone(object)),
    };
  }
}

/** What a cache keeps of an object of this server: version and uid. */
export function versionOf({ metadata }: KubeObject): string {
  return `${metadata.resourceVersion} ${metadata.uid}`;
}

import type { ServerResponse } from "node:http";
import type { ApiObject } from "./api-object.ts";
import { withMetadata } from "./api-object.ts";
import { ApiError, expired, resourceVersionTooLarge } from "./api-status.ts";
import type { ListOptions } from "./list.ts";
import { apiVersionOf, resourceKey } from "./resources.ts";
import type { Store, StoreEvent } from "./store.ts";

/** How an object goes out: whole, or its metadata alone. */
export type Present = (object: ApiObject) => ApiObject;

interface ActiveWatch {
  resource: string;
  end: (how: "end" | "reset") => void;
  bookmark: () => void;
}

const minimumTimeoutSeconds = 1800;
const initialEventsEnd = { "k8s.io/initial-events-end": "true" };

/** All watches that are open, and the ways to end them. */
export class WatchHub {
  readonly #store: Store;
  readonly #active = new Set<ActiveWatch>();
  readonly #bookmarkTimer: NodeJS.Timeout;

  /** @param bookmarkIntervalMs how often watches that allow bookmarks get one */
  constructor(store: Store, bookmarkIntervalMs: number) {
    this.#store = store;
    this.#bookmarkTimer = setInterval(() => this.sendBookmarks(), bookmarkIntervalMs).unref();
  }

  get size(): number {
    return this.#active.size;
  }

  /** Sends a bookmark to each open watch that allows them. */
  sendBookmarks(): void {
    for (const watch of this.#active) watch.bookmark();
  }

  /** Ends open watches, cleanly or by resetting the connection. @returns how many it ended */
  drop(how: "end" | "reset", resource?: string): number {
    const dropped = [...this.#active].filter(
      (watch) => resource === undefined || watch.resource === resource,
    );
    for (const watch of dropped) watch.end(how);
    return dropped.length;
  }

  stop(): void {
    clearInterval(this.#bookmarkTimer);
    this.drop("end");
  }

  /** Answers a WATCH request; the response stays open until its timeout, its client or `drop` ends it. */
  open(options: ListOptions, response: ServerResponse, present: Present): void {
    const store = this.#store;
    const resource = resourceKey(options.resource);
    // All that can be refused is refused before the head goes out.
    const backlog = startOf(store, options);
    response.writeHead(200, { "content-type": "application/json", "cache-control": "no-cache, private" });
    response.flushHeaders();
    const send = (type: string, object: unknown): void =>
      void response.write(`${JSON.stringify({ type, object })}\n`);
    if (backlog instanceof ApiError) {
      send("ERROR", backlog.status);
      response.end();
      return;
    }
    const bookmark = (annotations?: Record<string, string>): void => {
      const object: ApiObject = {
        kind: options.resource.kind,
        apiVersion: apiVersionOf(options.resource),
        metadata: { resourceVersion: String(store.revision), ...(annotations ? { annotations } : {}) },
      };
      send("BOOKMARK", present(object));
    };
    const forward = (event: StoreEvent): void => {
      const change = seenChange(event, options);
      if (change !== null) send(change.type, present(change.object));
    };

    for (const object of backlog.initial) send("ADDED", present(object));
    if (options.sendInitialEvents === true && options.allowWatchBookmarks) bookmark(initialEventsEnd);
    for (const event of backlog.missed) forward(event);

    const unsubscribe = store.subscribe((event) => {
      // A watch from a revision still to come stays silent until it comes, as on a restored backup.
      if (event.resource === resource && event.revision > backlog.from) forward(event);
    });
    const watch: ActiveWatch = {
      resource,
      end: (how) => {
        close();
        if (how === "reset") response.socket?.resetAndDestroy();
        else response.end();
      },
      bookmark: () => {
        if (options.allowWatchBookmarks && store.revision >= backlog.from) bookmark();
      },
    };
    const seconds = options.timeoutSeconds ?? minimumTimeoutSeconds * (1 + Math.random());
    const timer = setTimeout(() => watch.end("end"), seconds * 1000).unref();
    const close = (): void => {
      clearTimeout(timer);
      unsubscribe();
      this.#active.delete(watch);
    };
    this.#active.add(watch);
    response.on("close", close);
  }
}

interface Backlog {
  initial: ApiObject[];
  missed: StoreEvent[];
  /** Events after this revision are still to be sent. */
  from: bigint;
}

/** @returns what to send first, or the error that the stream then consists of. @throws ApiError 500, 504 */
function startOf(store: Store, options: ListOptions): Backlog | ApiError {
  const resource = resourceKey(options.resource);
  const { resourceVersion, sendInitialEvents } = options;
  if (resourceVersion !== "" && !/^\d+$/.test(resourceVersion))
    throw new ApiError(
      500,
      undefined,
      `resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
    );
  const revision = BigInt(resourceVersion === "" ? 0 : resourceVersion);
  const wantsInitial = sendInitialEvents ?? revision === 0n;
  if (wantsInitial) {
    if (revision > store.revision) throw resourceVersionTooLarge(revision, store.revision);
    const initial = store.entries(resource).map(([, object]) => object);
    return { initial: initial.filter(options.matches), missed: [], from: store.revision };
  }
  if (revision === 0n) return { initial: [], missed: [], from: store.revision };
  const missed = store.eventsAfter(resource, revision);
  if (missed === null) return expired(`too old resource version: ${revision} (${store.compacted})`);
  return { initial: [], missed, from: revision > store.revision ? revision : store.revision };
}

/** A write as a watch with selectors sees it: leaving the selection is a deletion, entering it an addition. */
function seenChange(event: StoreEvent, { matches }: ListOptions): { type: string; object: ApiObject } | null {
  const { type, object, previous } = event;
  const matched = previous !== null && matches(previous);
  if (type !== "DELETED" && matches(object)) return { type: matched ? "MODIFIED" : "ADDED", object };
  if (!matched) return null;
  return { type: "DELETED", object: withMetadata(previous, { resourceVersion: String(event.revision) }) };
}

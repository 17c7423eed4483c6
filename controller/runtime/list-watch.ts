import { AnswerTooLongError, KubeAnswerError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject, KubeRequest, WatchEvent } from "../../shared/kube/client.ts";
import { asKubeObject } from "../../shared/kube/kube-object.ts";
import { metadataOnly } from "../../shared/kube/metadata-only.ts";

/** What is listed and watched, and in what portions. */
export type ListWatchOptions = {
  client: Pick<KubeClient, "request" | "watch">;
  /** Path of the list: one namespace or all of them. */
  path: string;
  labelSelector?: string;
  fieldSelector?: string;
  /** Ask for PartialObjectMetadata: metadata only. */
  metadataOnly?: boolean;
  /** Objects per page of a list; 500 by default. */
  pageSize?: number;
  /** A watch that brings nothing for so long, not even a bookmark, is given up; 180,000 ms by default. */
  idleMs?: number;
  /** From 0 to below 1; default `Math.random`. */
  random?: () => number;
};

/** One page of a list. */
export type ListPage = {
  /** Version that the list was read at; empty when the server tells none. */
  resourceVersion: string;
  items: readonly KubeObject[];
  /** Token to ask for the next page with; empty when this is the last one. */
  next: string;
};

const LIST_TIMEOUT_MS = 60_000;
/**
 * A page that is longer is asked for again with fewer objects: it is held in memory as text and as objects, and anybody may
 * create objects of more than a megabyte. One object alone has no such bound.
 */
const MOST_PAGE_BYTES = 16 * 1024 * 1024;
/** The same of a list in one piece, which is refused then. */
const MOST_WHOLE_BYTES = 64 * 1024 * 1024;
/** By so much fewer at once; after each page that fits it is twice as many again. */
const FEWER = 4;

/** Asks for one kind of object: pages of its list, and watches. */
export class ListWatch {
  readonly #options: ListWatchOptions;
  readonly #mostObjects: number;
  /** For the next page. */
  #objects: number;

  constructor(options: ListWatchOptions) {
    this.#options = options;
    this.#mostObjects = options.pageSize ?? 500;
    this.#objects = this.#mostObjects;
  }

  /**
   * @param token what the page before said; empty for the first one.
   * @param whole ask for all that is left in one piece.
   * @throws KubeAnswerError when the answer is no list; AnswerTooLongError when it is to be in one piece and is too much;
   * what `request` of the client throws.
   */
  async page(token: string, whole: boolean, signal: AbortSignal): Promise<ListPage> {
    if (whole) return this.#ask(token, null, signal);
    for (;;) {
      const objects = this.#objects;
      try {
        const page = await this.#ask(token, objects, signal);
        this.#objects = Math.min(this.#mostObjects, objects * 2);
        return page;
      } catch (error) {
        if (!(error instanceof AnswerTooLongError) || objects === 1) throw error;
        this.#objects = Math.max(1, Math.floor(objects / FEWER));
      }
    }
  }

  /** @param objects at most so many; null for all that are left. */
  async #ask(token: string, objects: number | null, signal: AbortSignal): Promise<ListPage> {
    const { client, path } = this.#options;
    const maxBytes = objects === null ? MOST_WHOLE_BYTES : MOST_PAGE_BYTES;
    const page = await client.request({
      ...this.#request("PartialObjectMetadataList", signal),
      timeoutMs: LIST_TIMEOUT_MS,
      ...(objects === 1 ? {} : { maxBytes }),
      query: {
        ...this.#selectors(),
        ...(objects === null ? {} : { limit: `${objects}` }),
        ...(token === "" ? {} : { continue: token }),
      },
    });
    const { resourceVersion = "", continue: next } = page.metadata;
    return { resourceVersion, items: itemsOf(page, path), next: typeof next === "string" ? next : "" };
  }

  /** The version that a list read now would have; empty when the server tells none. */
  async latest(signal: AbortSignal): Promise<string> {
    return (await this.#ask("", 1, signal)).resourceVersion;
  }

  /** Watches from a version on, with bookmarks. Ends and throws as `watch` of the client does. */
  watch(resourceVersion: string, signal: AbortSignal): AsyncIterable<WatchEvent> {
    const { client, idleMs = 180_000, random = Math.random } = this.#options;
    return client.watch({
      ...this.#request("PartialObjectMetadata", signal),
      idleMs,
      query: {
        ...this.#selectors(),
        resourceVersion,
        allowWatchBookmarks: "true",
        // Random, so that the watches of many clients do not end together.
        timeoutSeconds: `${300 + Math.floor(random() * 300)}`,
      },
    });
  }

  #request(kind: Parameters<typeof metadataOnly>[0], signal: AbortSignal): KubeRequest {
    return {
      method: "GET",
      path: this.#options.path,
      signal,
      ...(this.#options.metadataOnly === true ? { accept: metadataOnly(kind) } : {}),
    };
  }

  #selectors(): Record<string, string> {
    const { labelSelector, fieldSelector } = this.#options;
    return {
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }
}

function itemsOf(page: KubeObject, path: string): KubeObject[] {
  const items = page["items"] ?? [];
  const objects = Array.isArray(items) ? items.map(asKubeObject) : [null];
  if (!objects.every((object) => object !== null))
    throw new KubeAnswerError(`list ${path}`, "the answer is no list of objects");
  return objects;
}

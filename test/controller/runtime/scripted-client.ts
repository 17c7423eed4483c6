import type { KubeClient, KubeObject, KubeRequest, WatchEvent } from "../../../shared/kube/client.ts";

/** A watch whose far end the test holds. */
export class OpenWatch {
  readonly request: KubeRequest & { idleMs?: number };
  readonly #pending: (WatchEvent | "end" | Error)[] = [];
  #wake: () => void = () => undefined;
  /** True when the reader has left. */
  isOver = false;

  constructor(request: KubeRequest & { idleMs?: number }) {
    this.request = request;
  }

  /** Sends an event, ends the stream, or breaks it. */
  send(...what: (WatchEvent | "end" | Error)[]): void {
    this.#pending.push(...what);
    this.#wake();
  }

  async *read(): AsyncGenerator<WatchEvent> {
    const { signal } = this.request;
    const onAbort = () => this.#wake();
    signal?.addEventListener("abort", onAbort);
    try {
      while (signal?.aborted !== true) {
        const next = this.#pending.shift();
        if (next === "end") return;
        if (next instanceof Error) throw next;
        if (next !== undefined) yield next;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.isOver = true;
      signal?.removeEventListener("abort", onAbort);
    }
  }
}

/** A client whose lists follow a script and whose watches the test holds. */
export class ScriptedClient implements Pick<KubeClient, "request" | "watch"> {
  readonly #lists: ((request: KubeRequest) => KubeObject | Error)[] = [];
  readonly lists: KubeRequest[] = [];
  readonly watches: OpenWatch[] = [];

  /** Adds answers for the next list requests; the last one answers all that follow. */
  willList(...answers: ((request: KubeRequest) => KubeObject | Error)[]): void {
    this.#lists.push(...answers);
  }

  /** The watch that is open now. */
  get watching(): OpenWatch {
    const last = this.watches.at(-1);
    if (last === undefined) throw new Error("nobody watches");
    return last;
  }

  async request(request: KubeRequest): Promise<KubeObject> {
    this.lists.push(request);
    const answer = this.#lists.length > 1 ? this.#lists.shift() : this.#lists[0];
    if (answer === undefined) throw new Error("no list was expected");
    const page = answer(request);
    if (page instanceof Error) throw page;
    return page;
  }

  watch(request: KubeRequest & { idleMs?: number }): AsyncGenerator<WatchEvent> {
    const watch = new OpenWatch(request);
    this.watches.push(watch);
    return watch.read();
  }
}

/** A small object: `a/x` at resourceVersion 5 with a value. */
export function object(key: string, resourceVersion: number, value = "v", uid = `uid-${key}`): KubeObject {
  const [namespace, name] = key.split("/");
  return {
    metadata: {
      ...(namespace === undefined ? {} : { namespace }),
      ...(name === undefined ? {} : { name }),
      uid,
      resourceVersion: `${resourceVersion}`,
    },
    value,
  };
}

/** A page of a list. */
export function page(resourceVersion: number, items: readonly KubeObject[], next = ""): () => KubeObject {
  return () => ({
    metadata: { resourceVersion: `${resourceVersion}`, ...(next === "" ? {} : { continue: next }) },
    items,
  });
}

import type { KubeClient, KubeObject, KubeRequest, RawAnswer, WatchEvent } from "../../shared/kube/client.ts";
import { Deadline } from "../../shared/kube/deadline.ts";
import { NotLeadingError, type Term } from "./term.ts";

/** What of a term requests are held to. Its signal may be a later one than the term's, so that what has begun may end. */
export type Fence = Pick<Term, "signal" | "holds">;

/**
 * The client, for what only the leader may do: nothing but a GET is sent unless the term holds at that moment, and whatever
 * is under way ends with the term. Whatever delays requests (a rate limit) belongs around this client, not inside it: the
 * question must be asked right before the sending. Closing it closes the client.
 * @returns a client that throws NotLeadingError, besides what the client throws.
 */
export function fenced(client: KubeClient, term: Fence): KubeClient {
  return new FencedClient(client, term);
}

class FencedClient implements KubeClient {
  readonly #client: KubeClient;
  readonly #term: Fence;

  constructor(client: KubeClient, term: Fence) {
    this.#client = client;
    this.#term = term;
  }

  get server(): string {
    return this.#client.server;
  }

  get namespace(): string | null {
    return this.#client.namespace;
  }

  async request(request: KubeRequest): Promise<KubeObject> {
    using ending = this.#judged(request);
    // Without await the request would be cut loose from the term before the answer comes.
    return await this.#client.request({ ...request, signal: ending.signal });
  }

  async raw(request: KubeRequest): Promise<RawAnswer> {
    using ending = this.#judged(request);
    return await this.#client.raw({ ...request, signal: ending.signal });
  }

  async *watch(request: KubeRequest & { idleMs?: number }): AsyncGenerator<WatchEvent> {
    using ending = new Deadline(0, this.#term.signal, request.signal);
    yield* this.#client.watch({ ...request, signal: ending.signal });
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #judged({ method, signal }: KubeRequest): Deadline {
    signal?.throwIfAborted();
    if (this.#term.signal.aborted || (method !== "GET" && !this.#term.holds())) throw new NotLeadingError();
    return new Deadline(0, this.#term.signal, signal);
  }
}

import type { PodStreamClient } from "../../shared/kube/client.ts";
import type { Notices } from "../notices.ts";
import { askPatiently } from "./patient-way.ts";
import { type FoundService, findService, type ServiceSearch } from "./service.ts";
import { serviceProxy } from "./service-proxy.ts";
import { ClosedWay, type Question, type Way, type WayAnswer } from "./way.ts";

/** Why one way does not lead to the controller, and what would open it, in our words. */
export type Closed = { reason: string; remedy: string };

/** What came of a question: an answer, or all the ways that are closed. */
export type Reached =
  | {
      answer: WayAnswer;
      service: FoundService;
      /** Whether it came by another way than the named Service and the API server's proxy. */
      fallback: boolean;
    }
  | NotReached;

/** All ways are closed; without a Service, because none was found. */
export type NotReached = { closed: readonly Closed[]; service: FoundService | null };

type Found = { service: FoundService; proxy: Way; forward: Way | null };

/**
 * Looks for a way to the controller: its Service, then the API server's proxy, then a port-forward. The first that leads
 * there is kept for further questions; when it fails later, the others are tried again.
 */
export class WaySearch {
  readonly #client: PodStreamClient;
  readonly #search: ServiceSearch;
  readonly #notices: Notices;
  #found: Found | null = null;
  /** The way that led there last. */
  #kept: Way | null = null;
  /** Ends with the question that looks for a way; null when none does. */
  #searching: Promise<void> | null = null;

  constructor(client: PodStreamClient, search: ServiceSearch, notices: Notices) {
    this.#client = client;
    this.#search = search;
    this.#notices = notices;
  }

  /**
   * Asks on the first way that is open. As long as none is known, one question goes at a time.
   * @throws ControllerError when it is clear that there is no such Service, or not which.
   * @throws KubeUnreachableError when the cluster does not answer.
   */
  async ask(question: Question): Promise<Reached> {
    while (this.#kept === null && this.#searching !== null) await this.#searching;
    if (this.#kept !== null) return this.#ask(question);
    const asked = this.#ask(question);
    // Whoever waits here is told nothing of its failure.
    this.#searching = asked.then(
      () => undefined,
      () => undefined,
    );
    try {
      return await asked;
    } finally {
      this.#searching = null;
    }
  }

  close(): void {
    this.#found?.proxy.close();
    this.#found?.forward?.close();
  }

  async #ask(question: Question): Promise<Reached> {
    const found = await this.#find();
    if ("closed" in found) return found;
    const { service } = found;
    const closed: Closed[] = [];
    for await (const way of this.#ways(found)) {
      try {
        const answer = await askPatiently(way, question);
        for (const { reason } of closed) this.#notices.note(`note: ${reason}`);
        this.#kept = way;
        return { answer, service, fallback: !service.byName || way.isFallback };
      } catch (error) {
        if (!(error instanceof ClosedWay)) throw error;
        closed.push({ reason: `${way.name} ${error.message}`, remedy: error.remedy });
      }
    }
    return { closed, service };
  }

  /** The one that is kept, then the others. What only a port-forward needs is loaded for one only. */
  async *#ways(found: Found): AsyncGenerator<Way> {
    const kept = this.#kept;
    if (kept !== null) yield kept;
    if (kept !== found.proxy) yield found.proxy;
    if (found.forward === null) {
      const { PodForward } = await import("./pod-forward.ts");
      found.forward ??= new PodForward(this.#client, found.service);
    }
    if (kept !== found.forward) yield found.forward;
  }

  async #find(): Promise<Found | NotReached> {
    if (this.#found !== null) return this.#found;
    const result = await findService(this.#client, this.#search);
    if (result.service === null) {
      const { reasons, remedy } = result;
      return { closed: reasons.map((reason) => ({ reason, remedy })), service: null };
    }
    const { service } = result;
    this.#found = { service, proxy: serviceProxy(this.#client, service), forward: null };
    return this.#found;
  }
}

import type { PodStreamClient, RawAnswer } from "../../shared/kube/client.ts";
import type { Notices } from "../notices.ts";
import { askPatiently } from "./patient-way.ts";
import { podForward } from "./pod-forward.ts";
import { type FoundService, findService, NAME_FLAGS, type ServiceSearch } from "./service.ts";
import { serviceProxy } from "./service-proxy.ts";
import { ClosedWay, type Question, type Way } from "./way.ts";

/** Why one way does not lead to the controller, and what would open it, in our words. */
export type Closed = { reason: string; remedy: string };

/** What came of a question: an answer, or all the ways that are closed. */
export type Reached =
  | {
      answer: RawAnswer;
      /** Where it came from, for people. */
      source: string;
      service: FoundService;
      /** Whether it came by another way than the named Service and the API server's proxy. */
      fallback: boolean;
    }
  | NotReached;

/** All ways are closed; without a Service, because none was found. */
export type NotReached = { closed: readonly Closed[]; service: FoundService | null };

type Found = { service: FoundService; ways: Way[] };

/**
 * Looks for a way to the controller: its Service, then the API server's proxy, then a port-forward. The first that leads
 * there is kept for further questions; when it fails later, the others are tried again.
 */
export class WaySearch {
  readonly #client: PodStreamClient;
  readonly #search: ServiceSearch;
  readonly #notices: Notices;
  #found: Found | null = null;

  constructor(client: PodStreamClient, search: ServiceSearch, notices: Notices) {
    this.#client = client;
    this.#search = search;
    this.#notices = notices;
  }

  /**
   * Asks on the first way that is open.
   * @throws ControllerError when it is clear that there is no such Service, or not which.
   * @throws KubeUnreachableError when the cluster does not answer.
   */
  async ask(question: Question): Promise<Reached> {
    const found = await this.#find();
    if ("closed" in found) return found;
    const { service, ways } = found;
    const closed: Closed[] = [];
    for (const way of [...ways]) {
      try {
        const answer = await askPatiently(way, question);
        this.#keep(way, closed);
        return { answer, source: way.source(), service, fallback: !service.byName || way.isFallback };
      } catch (error) {
        if (!(error instanceof ClosedWay)) throw error;
        closed.push({ reason: `${way.name} ${error.message}`, remedy: error.remedy });
      }
    }
    return { closed, service };
  }

  close(): void {
    for (const way of this.#found?.ways ?? []) way.close();
  }

  async #find(): Promise<Found | NotReached> {
    if (this.#found !== null) return this.#found;
    const result = await findService(this.#client, this.#search);
    if (result.service === null) {
      return { closed: result.reasons.map((reason) => ({ reason, remedy: NAME_FLAGS })), service: null };
    }
    const { service } = result;
    this.#found = { service, ways: [serviceProxy(this.#client, service), podForward(this.#client, service)] };
    return this.#found;
  }

  /** Tells why others were passed over, and puts the way first. */
  #keep(way: Way, closed: readonly Closed[]): void {
    for (const { reason } of closed) this.#notices.note(`note: ${reason}`);
    if (this.#found !== null) this.#found.ways.sort((a, b) => Number(b === way) - Number(a === way));
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient, KubeObject, KubeRequest, RawAnswer, WatchEvent } from "./client.ts";

/** How often the API server may be asked. */
export type RateLimit = {
  /** Requests per second in the long run. Negative: no limit. Zero: 5, as client-go takes it. */
  qps: number;
  /** Requests that may go at once after a pause. Zero: 10, as client-go takes it. */
  burst: number;
};

/** Time as the limit sees it. */
export type RateClock = {
  /** Ms since some fixed moment. */
  monotonic(): number;
  /** @throws the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

const realTime: RateClock = {
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

/** The pace of all requests that are to share one limit: a request beyond it waits its turn, first come, first served. */
export class RequestPace {
  readonly #clock: RateClock;
  readonly #everyMs: number;
  readonly #burst: number;
  /** When the next request would be due if all went at the long-run rate. */
  #dueAtMs = Number.NEGATIVE_INFINITY;

  constructor({ qps, burst }: RateLimit, clock: RateClock = realTime) {
    this.#clock = clock;
    this.#everyMs = qps < 0 ? 0 : 1000 / (qps || 5);
    this.#burst = burst > 0 ? burst : 10;
  }

  /**
   * Waits until a request may go.
   * @throws the signal's reason when it aborts first.
   */
  async turn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#everyMs === 0) return;
    const now = this.#clock.monotonic();
    const due = Math.max(this.#dueAtMs, now);
    this.#dueAtMs = due + this.#everyMs;
    const waitMs = due - (this.#burst - 1) * this.#everyMs - now;
    if (waitMs > 0) {
      await this.#clock.sleep(waitMs, signal).catch((error: unknown) => {
        throw signal?.aborted ? signal.reason : error;
      });
    }
  }
}

/** The client, slowed down to a pace. Opening a watch counts as one request. Closing it closes the client. */
export function paced(client: KubeClient, pace: RequestPace): KubeClient {
  return new PacedClient(client, pace);
}

class PacedClient implements KubeClient {
  readonly #client: KubeClient;
  readonly #pace: RequestPace;

  constructor(client: KubeClient, pace: RequestPace) {
    this.#client = client;
    this.#pace = pace;
  }

  get server(): string {
    return this.#client.server;
  }

  get namespace(): string | null {
    return this.#client.namespace;
  }

  async request(request: KubeRequest): Promise<KubeObject> {
    await this.#pace.turn(request.signal);
    return this.#client.request(request);
  }

  async raw(request: KubeRequest): Promise<RawAnswer> {
    await this.#pace.turn(request.signal);
    return this.#client.raw(request);
  }

  async *watch(request: KubeRequest & { idleMs?: number }): AsyncGenerator<WatchEvent> {
    try {
      await this.#pace.turn(request.signal);
    } catch (error) {
      if (request.signal?.aborted) return;
      throw error;
    }
    yield* this.#client.watch(request);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

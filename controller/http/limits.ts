import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Limits of the endpoints that do private-key work. */
export type WorkLimits = {
  /** Requests a second that one peer may send. */
  rate: number;
  /** Requests above that rate that pass at once. */
  burst: number;
};

/** Body of a request for work: more than the API server stores in one object. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;
/** Body of any other request: nobody reads it. */
export const MAX_IDLE_BODY_BYTES = 16 * 1024;
/** Time to send the head of a request, and then the body of one for work. */
export const HEADERS_TIMEOUT_MS = 10_000;
const BODY_TIMEOUT_MS = 10_000;
/** Requests for work whose body may be on its way or at hand at once, in all and from one peer. */
const MAX_BODIES = 24;
const MAX_BODIES_OF_PEER = 8;
/** Time for the private-key work of one request. */
export const WORK_TIMEOUT_MS = 10_000;
/** Requests under work at once, over both endpoints: the rest of the machine is the reconciler's. */
const MAX_UNDER_WORK = 3;
/** Of them, of one peer: no one can keep all others out. */
const MAX_UNDER_WORK_OF_PEER = 2;
/** All peers together may send this many times what one peer may. */
const TOTAL_FACTOR = 10;

/**
 * Options of the rate limit of one route, for one peer.
 */
export function peerLimit({ rate, burst }: WorkLimits) {
  const max = burst + 1;
  return { max, timeWindow: Math.ceil((max / rate) * 1000), keyGenerator: peerOf };
}

/**
 * A hook that refuses what exceeds the limit over all peers, with the words of the limit for one. It belongs behind
 * the limit for one peer, so that what that one refuses does not count here.
 */
export function totalLimit(server: FastifyInstance, { rate, burst }: WorkLimits) {
  const max = (burst + 1) * TOTAL_FACTOR;
  const check = server.createRateLimit({
    max,
    timeWindow: Math.ceil((max / (rate * TOTAL_FACTOR)) * 1000),
    keyGenerator: () => "all",
  });
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const verdict = await check(request);
    if (verdict.isAllowed || !verdict.isExceeded) return;
    await refuse(reply, verdict.ttlInSeconds);
  };
}

/** Counts what peers hold, in all and each. */
class Holdings {
  readonly #most: { all: number; peer: number };
  readonly #ofPeer = new Map<string, number>();
  #all = 0;

  constructor(most: { all: number; peer: number }) {
    this.#most = most;
  }

  /** @returns what gives it back, or null when there is no more to be had. */
  take(peer: string): (() => void) | null {
    const its = this.#ofPeer.get(peer) ?? 0;
    if (this.#all >= this.#most.all || its >= this.#most.peer) return null;
    this.#all += 1;
    this.#ofPeer.set(peer, its + 1);
    return () => {
      this.#all -= 1;
      const left = (this.#ofPeer.get(peer) ?? 1) - 1;
      if (left === 0) this.#ofPeer.delete(peer);
      else this.#ofPeer.set(peer, left);
    };
  }
}

/** A hook that bounds how many bodies are taken in at once, and so the memory they hold, and for how long. */
export function bodyLimit() {
  const held = new Holdings({ all: MAX_BODIES, peer: MAX_BODIES_OF_PEER });
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const giveBack = held.take(peerOf(request));
    if (giveBack === null) {
      await refuse(reply, 1);
      return;
    }
    const timer = setTimeout(() => request.socket.destroy(), BODY_TIMEOUT_MS);
    request.raw.once("end", () => clearTimeout(timer));
    // The one event that comes however a request ends.
    reply.raw.once("close", () => {
      clearTimeout(timer);
      giveBack();
    });
  };
}

/** The one answer of every limit. */
export function refuse(reply: FastifyReply, retryAfterSeconds: number): FastifyReply {
  return reply
    .code(429)
    .header("retry-after", retryAfterSeconds)
    .type("text/plain; charset=utf-8")
    .send("limit exceeded\n");
}

/** Counts requests under work. */
export class WorkSlots {
  readonly #held = new Holdings({ all: MAX_UNDER_WORK, peer: MAX_UNDER_WORK_OF_PEER });

  /** Runs the work of a peer, or returns null at once when too much is running. */
  async run<T>(peer: string, work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    const giveBack = this.#held.take(peer);
    if (giveBack === null) return null;
    try {
      return await work(AbortSignal.timeout(WORK_TIMEOUT_MS));
    } finally {
      giveBack();
    }
  }
}

/** The other end of the connection: headers are the client's own word. */
export function peerOf(request: FastifyRequest): string {
  return request.socket.remoteAddress ?? "unknown";
}

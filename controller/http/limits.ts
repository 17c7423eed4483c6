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
/** Connections at once, to each port. */
export const MAX_CONNECTIONS = 512;
/** Requests for work whose body may be on its way or at hand at once, in all and from one peer. */
const MAX_BODIES = 24;
const MAX_BODIES_OF_PEER = 8;
/** Time for the private-key work of one request. */
export const WORK_TIMEOUT_MS = 10_000;
/** Requests under work at once, over both endpoints: the rest of the machine is the reconciler's. */
const MAX_UNDER_WORK = 2;
/** All peers together may send this many times what one peer may. */
const TOTAL_FACTOR = 10;

/**
 * Options of the rate limit of one route, for one peer. The peer is the other end of the connection: headers are
 * the client's own word.
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

/** A hook that bounds how many bodies are taken in at once, and so the memory they hold. */
export function bodyLimit() {
  const ofPeer = new Map<string, number>();
  let all = 0;
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const peer = peerOf(request);
    const its = ofPeer.get(peer) ?? 0;
    if (all >= MAX_BODIES || its >= MAX_BODIES_OF_PEER) {
      await refuse(reply, 1);
      return;
    }
    all += 1;
    ofPeer.set(peer, its + 1);
    // The one event that comes however a request ends.
    reply.raw.once("close", () => {
      all -= 1;
      const left = (ofPeer.get(peer) ?? 1) - 1;
      if (left === 0) ofPeer.delete(peer);
      else ofPeer.set(peer, left);
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
  #taken = 0;

  /** Runs the work, or returns null at once when too many are running. */
  async run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    if (this.#taken >= MAX_UNDER_WORK) return null;
    this.#taken++;
    try {
      return await work(AbortSignal.timeout(WORK_TIMEOUT_MS));
    } finally {
      this.#taken--;
    }
  }
}

function peerOf(request: FastifyRequest): string {
  return request.socket.remoteAddress ?? "unknown";
}

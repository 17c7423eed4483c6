import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Limits of the endpoints that do private-key work. */
export type WorkLimits = {
  /** Requests a second that one peer may send. */
  rate: number;
  /** Requests above that rate that pass at once. */
  burst: number;
};

/** Body of a request: more than the API server stores in one object. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;
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

/** A hook that refuses what exceeds the limit over all peers, with the words of the limit for one. */
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
    await reply.code(429).header("retry-after", verdict.ttlInSeconds).send("limit exceeded\n");
  };
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

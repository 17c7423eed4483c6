import type { ServerResponse } from "node:http";

/** A fault that a test asks for. Without `status` and `effect` the request is only delayed or held. */
export interface Fault {
  /** All methods when not given. */
  method?: string;
  /** Tested against the path, without the query. */
  path: RegExp;
  /** Tested against the query as it was sent. */
  query?: RegExp;
  /** Requests it strikes; all of them when not given. */
  times?: number;
  delayMs?: number;
  /** The request is held until this is fulfilled. */
  heldUntil?: Promise<void>;
  /** Answer with this status instead of serving the request. */
  status?: number;
  /** Body of that answer; a Status of the API server's shape when not given. */
  body?: unknown;
  /** `Retry-After` of that answer. */
  retryAfterSeconds?: number;
  /** `reset`: the connection breaks. `hang`: no answer comes, until the cluster stops. */
  effect?: "reset" | "hang";
  /** Serve the request first, so that what it wrote stays and only the answer is lost or replaced. */
  afterServing?: boolean;
}

/** A fault that was added. */
export interface AddedFault {
  /** Requests it has struck so far. */
  readonly struck: number;
  /** Takes it away. */
  remove: () => void;
}

const reasons: Record<number, string> = {
  400: "BadRequest",
  401: "Unauthorized",
  403: "Forbidden",
  404: "NotFound",
  409: "Conflict",
  410: "Expired",
  422: "Invalid",
  429: "TooManyRequests",
  500: "InternalError",
  503: "ServiceUnavailable",
  504: "Timeout",
};

/** Faults in the order they were added; the first that fits a request strikes it. */
export class Faults {
  readonly #faults = new Set<{ fault: Fault; struck: number }>();

  add(fault: Fault): AddedFault {
    const entry = { fault, struck: 0 };
    this.#faults.add(entry);
    return {
      get struck() {
        return entry.struck;
      },
      remove: () => void this.#faults.delete(entry),
    };
  }

  clear(): void {
    this.#faults.clear();
  }

  /** @returns the fault that strikes this request, counted, or null. */
  strike(method: string, path: string, query: string): Fault | null {
    for (const entry of this.#faults) {
      const { fault } = entry;
      const fits =
        entry.struck < (fault.times ?? Number.POSITIVE_INFINITY) &&
        (fault.method === undefined || fault.method === method) &&
        path.search(fault.path) >= 0 &&
        (fault.query === undefined || query.search(fault.query) >= 0);
      if (!fits) continue;
      entry.struck += 1;
      return fault;
    }
    return null;
  }
}

/** Answers as the fault says. @returns false when the fault leaves the answer alone */
export function answerFault(fault: Fault, response: ServerResponse): boolean {
  if (fault.effect === "hang") return true;
  if (fault.effect === "reset") {
    response.socket?.resetAndDestroy();
    return true;
  }
  if (fault.status === undefined) return false;
  const status = {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "the server was told to fail",
    ...(reasons[fault.status] === undefined ? {} : { reason: reasons[fault.status] }),
    ...(fault.retryAfterSeconds === undefined
      ? {}
      : { details: { retryAfterSeconds: fault.retryAfterSeconds } }),
    code: fault.status,
  };
  const isText = typeof fault.body === "string";
  response.writeHead(fault.status, {
    "content-type": isText ? "text/plain" : "application/json",
    ...(fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) }),
  });
  response.end(isText ? fault.body : JSON.stringify(fault.body ?? status));
  return true;
}

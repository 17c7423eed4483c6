import { SealError } from "../errors.ts";

/**
 * The API server answered with an error. The message is ours: which request, which status and reason, which fields;
 * the server's own text may quote what was sent and is not kept.
 */
export class KubeApiError extends SealError {
  override readonly code: string = "kube-api";
  override readonly retryable: boolean;
  /** HTTP status. */
  readonly status: number;
  /** `reason` of the Status object, or the empty string. */
  readonly reason: string;
  /** Seconds the server asked to wait, or null. */
  readonly retryAfterSeconds: number | null;
  /** Paths of the fields that the server found wrong (`details.causes[].field`), without what it said of them. */
  readonly fields: readonly string[];

  constructor(failure: {
    /** What was asked: `create secrets "db" in namespace "team-a"`. */
    request: string;
    status: number;
    reason: string;
    retryAfterSeconds: number | null;
    fields: readonly string[];
  }) {
    const { request, status, reason, fields } = failure;
    const about = fields.length === 0 ? "" : ` (${fields.join(", ")})`;
    const words = reason === "" ? (STATUS_WORDS[status] ?? "") : reason;
    super(`cannot ${request}: the API server answered ${status} ${words}`.trimEnd() + about, hintFor(status));
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = failure.retryAfterSeconds;
    this.fields = fields;
    this.retryable = status === 409 || status === 429 || status >= 500;
  }
}

/** For answers that are no Status object, as a proxy on the way gives them. */
const STATUS_WORDS: Readonly<Record<number, string>> = {
  301: "Moved Permanently",
  302: "Found",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  406: "Not Acceptable",
  408: "Request Timeout",
  413: "Content Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

function hintFor(status: number): string {
  if (status < 400) return "redirects are not followed: give the API server's own address";
  switch (status) {
    case 401:
      return "log in to the cluster again, or check the token of the service account";
    case 403:
      return "grant the right, or use an account that has it (kubectl auth can-i tells)";
    case 404:
      return "check the name and the namespace";
    case 409:
      return "somebody else changed it meanwhile: try again";
    case 422:
    case 400:
      return "correct the named fields";
    default:
      return "try again; if it stays, look at the API server's log";
  }
}

/** No answer from the API server: name resolution, connection, TLS or time-out. */
export class KubeUnreachableError extends SealError {
  override readonly code: string = "kube-unreachable";
  override readonly retryable: boolean = true;
  /** Our words for the cause: `connection refused`. */
  readonly why: string;

  /**
   * @param server base URL of the API server, without credentials.
   * @param why our words for the cause: `connection refused`.
   */
  constructor(server: string, why: string, options?: ErrorOptions) {
    super(
      `cannot reach the API server ${server}: ${why}`,
      "check the kubeconfig's cluster, the network and any proxy; to seal without a cluster give --cert FILE",
      options,
    );
    this.why = why;
  }
}

/** The watch brought nothing, not even a bookmark, for as long as it may. Resuming it may stay silent: list again. */
export class WatchIdleError extends KubeUnreachableError {
  override readonly code: string = "kube-watch-idle";

  /**
   * @param server base URL of the API server, without credentials.
   * @param idleMs how long nothing came.
   */
  constructor(server: string, idleMs: number) {
    super(server, `the watch was silent for ${Math.round(idleMs / 1000)} s`);
  }
}

/** The API server, or something in its place, answered with what cannot be read. Nothing of the answer is quoted. */
export class KubeAnswerError extends SealError {
  override readonly code: string = "kube-answer";

  /**
   * @param request what was asked: `list secrets`.
   * @param what our words for what is wrong: `the answer is not valid JSON`.
   */
  constructor(request: string, what: string) {
    super(
      `cannot ${request}: ${what}`,
      "check that the kubeconfig's server is a Kubernetes API server, not a proxy or login page before it",
    );
  }
}

/** The answer of a request about one object; null when the API server says there is none. */
export async function unlessGone<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return null;
    throw error;
  }
}

/** The answer is longer than the request asked for. */
export class AnswerTooLongError extends KubeAnswerError {
  override readonly code: string = "kube-answer-too-long";

  /**
   * @param request what was asked: `list secrets`.
   * @param maxBytes how long it may be.
   */
  constructor(request: string, maxBytes: number) {
    super(request, `the answer is longer than ${Math.floor(maxBytes / 1024 / 1024)} MiB`);
  }
}

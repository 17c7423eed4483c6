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
    super(`cannot ${request}: the API server answered ${status} ${reason}${about}`, hintFor(status));
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = failure.retryAfterSeconds;
    this.fields = fields;
    this.retryable = status === 409 || status === 429 || status >= 500;
  }
}

function hintFor(status: number): string {
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
  }
}

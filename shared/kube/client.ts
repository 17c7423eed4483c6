import type { Duplex } from "node:stream";

/** One request to the API server. */
export type KubeRequest = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute path without query, each segment percent-encoded already: `/api/v1/namespaces/a/secrets`. */
  path: string;
  query?: Readonly<Record<string, string>>;
  /** Sent as JSON; a string is sent as it is. */
  body?: unknown;
  /** Default `application/json`; for PATCH `application/merge-patch+json`. */
  contentType?: string;
  /** Default `application/json`. */
  accept?: string;
  signal?: AbortSignal;
  /** Default 30,000 ms; 0 for none. */
  timeoutMs?: number;
  /** A longer answer to `request` is not read to its end. Default: no bound. */
  maxBytes?: number;
};

/** One line of a watch. `BOOKMARK` carries a resourceVersion only; `ERROR` a Status. */
export type WatchEvent = {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: KubeObject;
};

/** What every object of the API has; the rest is read by who knows the kind. */
export type KubeObject = {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
};

/** Metadata of an object, as far as we read or write it. */
export type ObjectMeta = {
  name?: string;
  namespace?: string;
  generateName?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string | null;
  deletionTimestamp?: string;
  labels?: Record<string, string> | null;
  annotations?: Record<string, string> | null;
  ownerReferences?: OwnerReference[] | null;
  [field: string]: unknown;
};

/** One entry of `metadata.ownerReferences`. */
export type OwnerReference = {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
};

/** The answer of a raw request, for what is not JSON (the Service proxy). */
export type RawAnswer = {
  status: number;
  body: Uint8Array;
  contentType: string;
  /** Seconds that the header `Retry-After` asks to wait, or null. */
  retryAfterSeconds: number | null;
};

/** What controller and CLI ask of a cluster. */
export interface KubeClient {
  /** Base URL of the API server. */
  readonly server: string;
  /** Namespace of the chosen context, null where it names none. */
  readonly namespace: string | null;
  /**
   * Sends one request and reads the JSON answer.
   * @throws KubeApiError for every status from 400 up.
   * @throws KubeUnreachableError when no answer came.
   * @throws the signal's reason when aborted.
   */
  request(request: KubeRequest): Promise<KubeObject>;
  /**
   * The same for bodies that are not JSON; statuses from 400 up are returned, not thrown.
   * @throws KubeUnreachableError when no answer came.
   */
  raw(request: KubeRequest): Promise<RawAnswer>;
  /**
   * Watches a path until the server ends the stream, the connection breaks, `idleMs` pass without a byte, or the
   * signal aborts. Ends silently on a clean end.
   * @throws KubeApiError when the watch is refused; KubeUnreachableError when the connection breaks.
   */
  watch(request: KubeRequest & { idleMs?: number }): AsyncIterable<WatchEvent>;
  /** Closes all connections. */
  close(): Promise<void>;
}

/** A port of a Pod. */
export type PodPort = {
  namespace: string;
  pod: string;
  /** Number of the port the Pod listens on. */
  port: number;
  signal?: AbortSignal;
  /** Longest wait for the stream to open; default 30,000 ms, 0 for none. */
  timeoutMs?: number;
};

/** A client that can open streams to Pods, too. */
export interface PodStreamClient extends KubeClient {
  /**
   * Opens a stream of bytes to a port of a Pod by the subresource `portforward`, which asks for the right to `get` and to
   * `create` it. Close it before the client.
   * @throws KubeApiError when it is refused; KubeUnreachableError when no answer came.
   */
  openPodStream(target: PodPort): Promise<Duplex>;
}

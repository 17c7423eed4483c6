import type { Duplex } from "node:stream";
import { type Dispatcher, request as send } from "undici";
import { SealError } from "../errors.ts";
import {
  AnswerTooLongError,
  KubeAnswerError,
  type KubeApiError,
  KubeUnreachableError,
  WatchIdleError,
} from "./api-error.ts";
import type { KubeObject, KubeRequest, PodPort, PodStreamClient, RawAnswer, WatchEvent } from "./client.ts";
import type { KubeConnection } from "./config.ts";
import { CredentialKeeper, type Held } from "./credential-keeper.ts";
import { Deadline } from "./deadline.ts";
import { asKubeObject } from "./kube-object.ts";
import { corePath } from "./paths.ts";
import { requestWords } from "./request-words.ts";
import { apiError, retryAfterSeconds } from "./status-answer.ts";
import { TransportPool } from "./transport-pool.ts";
import { unreachableCause } from "./unreachable-cause.ts";
import { WatchDecoder } from "./watch-decoder.ts";

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_RAW_BYTES = 16 * 1024 * 1024;
/** An error answer is read so far and no further; a Status is far smaller. */
const MAX_ERROR_BYTES = 1024 * 1024;

/** Who we say we are. */
export type ConnectOptions = {
  /** Version in `User-Agent: signet/VERSION`. */
  version: string;
  /** How long credentials are used before they are looked at again; 10,000 ms by default. */
  credentialsMs?: number;
};

/** A client of the API server that the configuration names. Connects with the first request. */
export function connectKube(connection: KubeConnection, options: ConnectOptions): PodStreamClient {
  return new HttpClient(connection, options);
}

type Answer = Dispatcher.ResponseData;

class HttpClient implements PodStreamClient {
  readonly server: string;
  readonly namespace: string | null;
  readonly #userAgent: string;
  readonly #credentials: CredentialKeeper;
  readonly #pool = new TransportPool();

  constructor(connection: KubeConnection, options: ConnectOptions) {
    this.server = connection.cluster.server;
    this.namespace = connection.namespace;
    this.#userAgent = `signet/${options.version}`;
    this.#credentials = new CredentialKeeper(connection, options.credentialsMs);
  }

  async request(request: KubeRequest): Promise<KubeObject> {
    using deadline = this.#deadlineOf(request);
    // Without await the deadline would be lifted before the answer comes.
    return await this.#reaching(deadline, request, async () => {
      const answer = await this.#send(request, deadline.signal, "request");
      if (answer.statusCode >= 300) throw await this.#refusal(request, answer);
      return parse(await textOf(answer, request), request);
    });
  }

  async raw(request: KubeRequest): Promise<RawAnswer> {
    using deadline = this.#deadlineOf(request);
    // Without await the deadline would be lifted before the answer comes.
    return await this.#reaching(deadline, request, async () => {
      const answer = await this.#send(request, deadline.signal, "request");
      const body = await readUpTo(answer, MAX_RAW_BYTES);
      if (body === null) throw new AnswerTooLongError(requestWords(request), MAX_RAW_BYTES);
      const contentType = answer.headers["content-type"];
      return {
        status: answer.statusCode,
        body,
        contentType: (Array.isArray(contentType) ? contentType[0] : contentType) ?? "",
        retryAfterSeconds: retryAfterSeconds(answer.headers["retry-after"]),
      };
    });
  }

  async *watch(request: KubeRequest & { idleMs?: number }): AsyncGenerator<WatchEvent> {
    const watch = { ...request, query: { watch: "true", ...request.query } };
    const decoder = new WatchDecoder(requestWords(watch));
    // One deadline for the headers, and one that every chunk sets anew.
    using headers = this.#deadlineOf(request);
    using silence = new Deadline(0, headers.signal);
    let answer: Answer;
    try {
      answer = await this.#reaching(headers, request, async () => {
        const opened = await this.#send(watch, silence.signal, "watch");
        if (opened.statusCode >= 300) throw await this.#refusal(watch, opened);
        return opened;
      });
    } catch (error) {
      if (request.signal?.aborted) return;
      throw error;
    }
    headers.lift();
    const idleMs = request.idleMs ?? 0;
    silence.restart(idleMs);
    try {
      for await (const chunk of answer.body) {
        silence.restart(0);
        yield* decoder.push(chunk);
        silence.restart(idleMs);
      }
    } catch (error) {
      if (request.signal?.aborted) return;
      if (this.#pool.closing.aborted) throw this.#unreachable(this.#pool.closing.reason);
      if (silence.passed) throw new WatchIdleError(this.server, idleMs);
      throw error instanceof KubeAnswerError ? error : this.#unreachable(error);
    }
    if (decoder.isMidLine && !request.signal?.aborted)
      throw new KubeUnreachableError(this.server, "the watch ended inside an event");
  }

  async openPodStream(target: PodPort): Promise<Duplex> {
    const { namespace, pod, port } = target;
    const path = corePath("pods", namespace, pod, "portforward");
    const request: KubeRequest = { ...target, method: "GET", path, query: { ports: `${port}` } };
    using deadline = this.#deadlineOf(request);
    const open = async ({ credentials }: Held) =>
      openPodStream({
        url: `${this.server}${path}?ports=${port}`,
        headers: { ...credentials.headers, "user-agent": this.#userAgent },
        dispatcher: this.#pool.dispatcher(credentials.transport, "watch"),
        signal: deadline.signal,
      });
    const { openPodStream, StreamRefused } = await import("./pod-stream.ts");
    return await this.#reaching(deadline, request, async () => {
      try {
        const held = await this.#credentials.current();
        return await open(held).catch(async (error: unknown) => {
          if (!(error instanceof StreamRefused) || error.status !== 401) throw error;
          return open(await this.#credentials.renewed(held));
        });
      } catch (error) {
        if (!(error instanceof StreamRefused)) throw error;
        throw apiError(requestWords(request), error.status, null, undefined);
      }
    });
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Ends a request when its time is up, its caller gives up, or the client closes. */
  #deadlineOf({ timeoutMs = DEFAULT_TIMEOUT_MS, signal }: KubeRequest): Deadline {
    return new Deadline(timeoutMs, signal, this.#pool.closing);
  }

  /** Sends with the credentials at hand; when those are refused, once more with fresh ones. */
  async #send(request: KubeRequest, signal: AbortSignal, use: "request" | "watch"): Promise<Answer> {
    const held = await this.#credentials.current();
    signal.throwIfAborted();
    const answer = await this.#dispatch(request, held.credentials, signal, use);
    if (answer.statusCode !== 401) return answer;
    await answer.body.dump();
    const fresh = await this.#credentials.renewed(held);
    signal.throwIfAborted();
    return this.#dispatch(request, fresh.credentials, signal, use);
  }

  async #dispatch(
    request: KubeRequest,
    { headers, transport }: Awaited<ReturnType<CredentialKeeper["current"]>>["credentials"],
    signal: AbortSignal,
    use: "request" | "watch",
  ): Promise<Answer> {
    const { method, body, accept = "application/json" } = request;
    const query = new URLSearchParams(request.query).toString();
    const answer = await send(`${this.server}${request.path}${query === "" ? "" : `?${query}`}`, {
      method,
      dispatcher: this.#pool.dispatcher(transport, use),
      headers: {
        ...headers,
        accept,
        "user-agent": this.#userAgent,
        ...(body === undefined ? {} : { "content-type": request.contentType ?? defaultContentType(method) }),
      },
      body: body === undefined || typeof body === "string" ? (body ?? null) : JSON.stringify(body),
      signal,
      // Time is kept by the deadline.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // A body that is left before its end raises an error that nobody waits for any more.
    answer.body.on("error", () => undefined);
    return answer;
  }

  async #refusal(request: KubeRequest, answer: Answer): Promise<KubeApiError> {
    const body = await readUpTo(answer, MAX_ERROR_BYTES);
    return apiError(requestWords(request), answer.statusCode, body, answer.headers["retry-after"]);
  }

  /** Runs one exchange and puts its failures into our words. */
  async #reaching<T>(deadline: Deadline, request: KubeRequest, exchange: () => Promise<T>): Promise<T> {
    try {
      return await exchange();
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      if (this.#pool.closing.aborted) throw this.#unreachable(this.#pool.closing.reason);
      if (deadline.passed)
        throw new KubeUnreachableError(this.server, `no answer within ${deadline.limitMs / 1000} s`);
      throw error instanceof SealError ? error : this.#unreachable(error);
    }
  }

  #unreachable(error: unknown): KubeUnreachableError {
    return new KubeUnreachableError(this.server, unreachableCause(error));
  }
}

async function textOf(answer: Answer, request: KubeRequest): Promise<string> {
  if (request.maxBytes === undefined) return answer.body.text();
  const body = await readUpTo(answer, request.maxBytes);
  if (body === null) throw new AnswerTooLongError(requestWords(request), request.maxBytes);
  return new TextDecoder().decode(body);
}

function parse(text: string, request: KubeRequest): KubeObject {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw new KubeAnswerError(requestWords(request), "the answer is not valid JSON");
  }
  const object = asKubeObject(parsed);
  if (object === null) throw new KubeAnswerError(requestWords(request), "the answer is not a JSON object");
  return object;
}

/** The body, or null when it is longer; the rest is then left unread and the connection ended. */
async function readUpTo(answer: Answer, limitBytes: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body) {
    length += chunk.length;
    if (length > limitBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function defaultContentType(method: KubeRequest["method"]): string {
  return method === "PATCH" ? "application/merge-patch+json" : "application/json";
}

import { Agent, type Dispatcher, ProxyAgent, request as send } from "undici";
import { Deadline } from "../kube/deadline.ts";
import { environmentProxy } from "../kube/environment-proxy.ts";
import { isPlainAddress } from "../kube/plain-address.ts";
import { connectionErrorCode, isCertificateCode, unreachableCause } from "../kube/unreachable-cause.ts";

/** An answer of KMS holds one wrapped key, of STS one set of credentials. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** Limits and environment of the connections. */
export type WebExchangeOptions = {
  connectTimeoutMs: number;
  /** For one request with its whole answer. */
  requestTimeoutMs: number;
  /** Names the proxy. */
  env: Readonly<Record<string, string | undefined>>;
  /** Told of each host that is another machine and sent to without TLS, before the first request. */
  onPlainText?: (host: string) => void;
};

/** A request as the SDK makes it. */
type SdkRequest = {
  protocol: string;
  hostname: string;
  port?: number;
  method: string;
  path: string;
  query?: Readonly<Record<string, string | readonly string[] | null>>;
  headers: Record<string, string>;
  body?: unknown;
};
type SdkResponse = { statusCode: number; reason: string; headers: Record<string, string>; body: Uint8Array };

/** What takes requests off the SDK: its name for this is request handler. */
export type WebExchange = {
  handle(request: SdkRequest, options?: { abortSignal?: unknown }): Promise<{ response: SdkResponse }>;
  /** Ends all connections and what is under way on them. */
  destroy(): void;
  readonly metadata: { handlerProtocol: string };
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, unknown>;
};

/** An exchange that came to nothing. The message is our words for the cause. */
export class ExchangeError extends Error {
  override readonly name = "ExchangeError";
  /** By its being there the SDK knows what may be tried again: what broke, and not what hung, which would hang as long again. */
  readonly $retryable: object | undefined;
  /** What to do where the server's certificate is not trusted; null where that is not what failed. */
  readonly trustHint: string | null;

  constructor(
    message: string,
    { trustHint = null, hung = false }: { trustHint?: string | null; hung?: boolean } = {},
  ) {
    super(message);
    this.trustHint = trustHint;
    this.$retryable = hung ? undefined : {};
  }
}

/** Of the variables for such files this is the one that is read: Node reads it when it starts. */
const TRUST_HINT =
  "check what answers there; authorities of your own, such as a proxy's, go into a file that NODE_EXTRA_CA_CERTS names (AWS_CA_BUNDLE is not read)";

function failedExchange(error: unknown): ExchangeError {
  if (error instanceof ExchangeError) return error;
  const isUntrusted = isCertificateCode(connectionErrorCode(error) ?? "");
  return new ExchangeError(unreachableCause(error), { trustHint: isUntrusted ? TRUST_HINT : null });
}

/**
 * Sends the SDK's requests, as our other clients send theirs: through the environment's proxy, with a limit on the time of
 * the whole exchange and on the length of the answer. The SDK's own way has neither, and follows no proxy.
 */
export function webExchange({
  connectTimeoutMs,
  requestTimeoutMs,
  env,
  onPlainText,
}: WebExchangeOptions): WebExchange {
  const closing = new AbortController();
  const common = { connectTimeout: connectTimeoutMs, keepAliveTimeout: 15_000, allowH2: false };
  const dispatchers = new Map<string | null, Dispatcher>();

  const plain = new Set<string>();

  const tellPlain = (origin: string): void => {
    const { host } = new URL(origin);
    if (!isPlainAddress(origin) || plain.has(host)) return;
    plain.add(host);
    onPlainText?.(host);
  };

  const dispatcherFor = (origin: string): Dispatcher => {
    const proxy = environmentProxy(origin, env);
    const known = dispatchers.get(proxy);
    if (known !== undefined) return known;
    const made = proxy === null ? new Agent(common) : new ProxyAgent({ ...common, uri: proxy });
    dispatchers.set(proxy, made);
    return made;
  };

  const exchange = async (request: SdkRequest, signal: AbortSignal): Promise<SdkResponse> => {
    const origin = `${request.protocol}//${request.hostname}${request.port === undefined ? "" : `:${request.port}`}`;
    tellPlain(origin);
    const answer = await send(`${origin}${request.path}${queryText(request.query)}`, {
      method: request.method as Dispatcher.HttpMethod,
      dispatcher: dispatcherFor(origin),
      headers: request.headers,
      body: bodyOf(request.body),
      signal,
      // Time is kept by the deadline.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // A body that is left before its end raises an error that nobody waits for any more.
    answer.body.on("error", () => undefined);
    const body = await readUpTo(answer.body, MAX_ANSWER_BYTES);
    if (body === null) throw new ExchangeError(`the answer is longer than ${MAX_ANSWER_BYTES / 1024} KiB`);
    // The SDK's complaint about such an answer would not say what it is.
    if (/^\s*<(?:!doctype\s+html|html)\b/i.test(new TextDecoder().decode(body.subarray(0, 100))))
      throw new ExchangeError(`a web page came as the answer (HTTP ${answer.statusCode})`);
    return { statusCode: answer.statusCode, reason: "", headers: plainHeaders(answer.headers), body };
  };

  return {
    async handle(request, { abortSignal } = {}) {
      const outer = abortSignal instanceof AbortSignal ? abortSignal : undefined;
      using deadline = new Deadline(requestTimeoutMs, outer, closing.signal);
      try {
        return { response: await exchange(request, deadline.signal) };
      } catch (error) {
        if (outer?.aborted) throw abortError();
        if (closing.signal.aborted) throw abortError();
        if (deadline.passed)
          throw new ExchangeError(`no answer within ${requestTimeoutMs / 1000} s`, { hung: true });
        throw failedExchange(error);
      }
    },
    destroy() {
      closing.abort(abortError());
      for (const dispatcher of dispatchers.values()) dispatcher.destroy().catch(() => undefined);
    },
    metadata: { handlerProtocol: "http/1.1" },
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

/** An error of the name by which the SDK knows that nobody waits any more. */
function abortError(): Error {
  return Object.assign(new Error("aborted"), { name: "AbortError" });
}

function bodyOf(body: unknown): string | Uint8Array | null {
  if (body === undefined || body === null) return null;
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  throw new Error("no request to AWS has a body of another kind");
}

function queryText(query: SdkRequest["query"]): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    [value ?? ""].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`),
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}

function plainHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return plain;
}

/** The body, or null when it is longer; the rest is then left unread and the connection ended. */
async function readUpTo(body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > limitBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

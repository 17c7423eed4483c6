import { Agent, type buildConnector, type Dispatcher, ProxyAgent } from "undici";
import type { Transport } from "./credentials.ts";

const REQUEST_CONNECTIONS = 32;
const COMMON = {
  // The API server closes after 90 s without a request, load balancers after 60 s: be first.
  keepAliveTimeout: 30_000,
  allowH2: false,
  connectTimeout: 10_000,
};

/**
 * Connections to one server. Watches have a pool of their own: each holds a connection for minutes, and many of them
 * must not starve the requests.
 */
export class TransportPool {
  #fingerprint: string | null = null;
  #requests: Dispatcher | null = null;
  #watches: Dispatcher | null = null;
  readonly #closing = new AbortController();

  /** Aborts with `close`: whoever sends ends what is under way then. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** The dispatcher for one request, made anew only when certificates, keys or the proxy changed. */
  dispatcher(transport: Transport, use: "request" | "watch"): Dispatcher {
    if (this.closing.aborted) throw new PoolClosedError();
    if (this.#fingerprint !== transport.fingerprint) {
      retire(this.#requests);
      if (this.#watches !== this.#requests) retire(this.#watches);
      this.#requests = connect(transport, REQUEST_CONNECTIONS);
      this.#watches = connect(transport, null);
      this.#fingerprint = transport.fingerprint;
    }
    const dispatcher = use === "watch" ? this.#watches : this.#requests;
    if (dispatcher === null) throw new PoolClosedError();
    return dispatcher;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.#closing.abort(new PoolClosedError());
    const all = new Set([this.#requests, this.#watches]);
    await Promise.all([...all].map((dispatcher) => dispatcher?.destroy()));
  }
}

/** Lets what is under way on an old dispatcher end, and frees it then. It can no more be destroyed: undici loses sight of it. */
function retire(dispatcher: Dispatcher | null): void {
  dispatcher?.close().catch(() => undefined);
}

/** A request after `close`. Carries the code that undici gives to the same. */
class PoolClosedError extends Error {
  readonly code: string = "UND_ERR_CLOSED";
}

function connect({ options, dispatcher }: Transport, connections: number | null): Dispatcher {
  if (dispatcher !== null) return dispatcher;
  switch (options.type) {
    case "none":
    case "socks":
      return new Agent({
        ...COMMON,
        connections,
        connect: { keepAlive: true, keepAliveInitialDelay: 30_000 },
      });
    case "agent":
      return new Agent({ ...COMMON, connections, connect: tls(options.connect) });
    case "proxy":
      return new ProxyAgent({
        ...COMMON,
        connections,
        uri: options.uri,
        requestTls: tls(options.requestTls),
        connect: tls(options.connect),
      });
  }
}

/** The library types these as Node does; undici differs only in fields that are never set here (`port`). */
function tls(options: object): buildConnector.BuildOptions {
  return options as buildConnector.BuildOptions;
}

import { Agent, type ClientRequest, type IncomingMessage, request as send } from "node:http";
import type { Duplex } from "node:stream";
import type { RawAnswer } from "./client.ts";
import { Deadline } from "./deadline.ts";
import { retryAfterSeconds } from "./status-answer.ts";

/** One request over a stream. */
export type StreamRequest = {
  method: "GET" | "POST";
  /** Path with its leading slash. */
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: string;
  /** Longest wait for the whole answer in ms. */
  timeoutMs: number;
};

/** An answer over a stream did not come. The message is ours, for one line. */
export class StreamHttpError extends Error {}

const MAX_BYTES = 16 * 1024 * 1024;
const CONNECTIONS = 4;

/**
 * Plain HTTP/1.1 over streams that somebody else opens, such as those to a Pod. Streams are kept for the next request,
 * at most four at once.
 */
export class StreamHttp {
  readonly #agent: StreamAgent;
  readonly #host: string;
  #free = CONNECTIONS;
  readonly #waiting: (() => void)[] = [];

  /**
   * @param open opens a new stream.
   * @param host what the header `Host` says.
   */
  constructor(open: () => Promise<Duplex>, host: string) {
    this.#agent = new StreamAgent(open);
    this.#host = host;
  }

  /**
   * Sends a request that may be sent twice: when a kept stream turns out to be closed, it goes over a new one.
   * @returns the answer of whatever status.
   * @throws StreamHttpError when none came, or too long a one; whatever `open` threw.
   */
  async ask(request: StreamRequest): Promise<RawAnswer> {
    await this.#turn();
    try {
      return await this.#ask(request);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  /** Closes all streams. */
  close(): void {
    this.#agent.destroy();
  }

  /** Node's agent does not count streams that are being opened, so its own bound would not hold. */
  async #turn(): Promise<void> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async #ask(request: StreamRequest): Promise<RawAnswer> {
    using deadline = new Deadline(request.timeoutMs);
    for (;;) {
      const exchange = this.#send(request, deadline.signal);
      try {
        return await readAnswer(await exchange.answer);
      } catch (error) {
        if (deadline.passed) throw new StreamHttpError(`no answer within ${request.timeoutMs / 1000} s`);
        if (error instanceof StreamHttpError) throw error;
        if (exchange.request.reusedSocket) continue;
        const isOfNode =
          error instanceof Error && "code" in error && /^(ECONN|EPIPE|HPE_)/.test(`${error.code}`);
        if (isOfNode) throw new StreamHttpError("the connection broke");
        throw error;
      }
    }
  }

  #send(request: StreamRequest, signal: AbortSignal): Exchange {
    const { method, path, headers, body } = request;
    const length = body === undefined ? {} : { "content-length": `${Buffer.byteLength(body)}` };
    const sent = send({
      agent: this.#agent,
      host: this.#host,
      method,
      path,
      headers: { host: this.#host, ...headers, ...length },
      signal,
    });
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      sent.on("response", resolve);
      sent.on("error", reject);
    });
    sent.end(body);
    return { request: sent, answer };
  }
}

type Exchange = { request: ClientRequest; answer: Promise<IncomingMessage> };

async function readAnswer(answer: IncomingMessage): Promise<RawAnswer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer) {
    length += chunk.length;
    if (length > MAX_BYTES)
      throw new StreamHttpError(`the answer is longer than ${MAX_BYTES / 1024 / 1024} MiB`);
    chunks.push(chunk);
  }
  return {
    status: answer.statusCode ?? 0,
    body: Buffer.concat(chunks, length),
    contentType: answer.headers["content-type"] ?? "",
    retryAfterSeconds: retryAfterSeconds(answer.headers["retry-after"]),
  };
}

class StreamAgent extends Agent {
  readonly #open: () => Promise<Duplex>;
  #closed = false;

  constructor(open: () => Promise<Duplex>) {
    super({ keepAlive: true });
    this.#open = open;
  }

  override destroy(): void {
    this.#closed = true;
    super.destroy();
  }

  override createConnection(
    _options: unknown,
    done: (error: Error | null, stream?: Duplex) => void,
  ): undefined {
    this.#open().then(
      (stream) => {
        if (!this.#closed) {
          done(null, stream);
          return;
        }
        stream.destroy();
        done(new StreamHttpError("it was closed"));
      },
      (error: Error) => done(error),
    );
  }
}

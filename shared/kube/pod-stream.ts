import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { type Dispatcher, WebSocket } from "undici";

/** The kubelet's own form of port-forwarding over a WebSocket: a channel number leads every message. */
const PROTOCOL = "v4.channel.k8s.io";
const DATA = 0;
const ERROR = 1;
/** Each channel begins with the port's number, two bytes. */
const PORT_BYTES = 2;
const PIECE_BYTES = 64 * 1024;

/** Where a stream leads and who asks for it. */
export type PodStreamRequest = {
  /** Address of the `portforward` subresource with its one port, http or https. */
  url: string;
  /** Authorization, impersonation, user agent. */
  headers: Readonly<Record<string, string | string[]>>;
  dispatcher: Dispatcher;
  /** Gives up waiting for the stream to open; later it means nothing. */
  signal: AbortSignal;
};

/** A stream to a Pod could not be had, or broke. The message is ours, for one line. */
export class PodConnectionError extends Error {
  readonly code: string = "POD_CONNECTION";
}

/** The API server or the kubelet answered a request for a stream with a status of its own. */
export class StreamRefused extends Error {
  readonly status: number;

  /** @param status HTTP status of the answer. */
  constructor(status: number) {
    super(`refused with ${status}`);
    this.status = status;
  }
}

/**
 * Opens a stream of bytes to one port of a Pod, through the API server and the kubelet. Whether anything listens there
 * shows only later, as an error of the stream.
 * @throws StreamRefused with the status when the API server or the kubelet refuses.
 * @throws the signal's reason when it aborts first; the connection's own error when there is none.
 */
export async function openPodStream(request: PodStreamRequest): Promise<Duplex> {
  const seen: Handshake = { status: null, socket: null, failure: null };
  // A WebSocket of the web platform tells neither why it was refused nor lets a header be sent twice.
  const dispatcher = request.dispatcher.compose(
    (dispatch) => (options, handler) =>
      dispatch(
        { ...options, headers: withHeaders(options.headers, request.headers) },
        watched(handler, seen),
      ),
  );
  const socket = new WebSocket(request.url.replace(/^http/, "ws"), { protocols: [PROTOCOL], dispatcher });
  socket.binaryType = "arraybuffer";
  const giveUp = () => socket.close();
  request.signal.addEventListener("abort", giveUp, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve(), { once: true });
      socket.addEventListener("error", () => reject(reasonOf(seen)), { once: true });
      socket.addEventListener("close", () => reject(reasonOf(seen)), { once: true });
    });
  } catch (error) {
    throw request.signal.aborted ? request.signal.reason : error;
  } finally {
    request.signal.removeEventListener("abort", giveUp);
  }
  return new PodStream(socket, seen.socket);
}

type Handshake = { status: number | null; socket: Duplex | null; failure: Error | null };

function reasonOf({ status, failure }: Handshake): Error {
  if (status !== null && status !== 101) return new StreamRefused(status);
  return failure ?? new PodConnectionError("the API server does not speak WebSockets here");
}

/** undici gives headers as a mapping here. */
function withHeaders(
  own: Dispatcher.DispatchOptions["headers"],
  more: PodStreamRequest["headers"],
): Record<string, string | string[]> {
  return { ...(own as Record<string, string | string[]>), ...more };
}

function watched(handler: Dispatcher.DispatchHandler, seen: Handshake): Dispatcher.DispatchHandler {
  return {
    onRequestStart: (...args) => handler.onRequestStart?.(...args),
    onRequestUpgrade: (controller, status, headers, socket) => {
      seen.status = status;
      seen.socket = socket;
      return handler.onRequestUpgrade?.(controller, status, headers, socket);
    },
    onResponseStart: (controller, status) => {
      if (status < 200) return;
      seen.status = status;
      // undici would ask a second time after a 401, with the same credentials.
      controller.abort(new StreamRefused(status));
    },
    onResponseData: (...args) => handler.onResponseData?.(...args),
    onResponseEnd: (...args) => handler.onResponseEnd?.(...args),
    onResponseError: (controller, error) => {
      seen.failure ??= error;
      return handler.onResponseError?.(controller, error);
    },
  };
}

/** The data channel as a stream. What an HTTP client does to a socket beyond that is accepted without effect. */
class PodStream extends Duplex {
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex | null;
  /** Bytes of the port's number yet to come, by channel. */
  readonly #announced = new Map([
    [DATA, PORT_BYTES],
    [ERROR, PORT_BYTES],
  ]);

  constructor(webSocket: WebSocket, socket: Duplex | null) {
    super({ allowHalfOpen: false });
    this.#webSocket = webSocket;
    this.#socket = socket;
    webSocket.addEventListener("message", ({ data }) => this.#take(data));
    webSocket.addEventListener("error", () => this.destroy(new PodConnectionError("the connection broke")));
    webSocket.addEventListener("close", () => this.push(null));
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
      this.#webSocket.send(Buffer.concat([Buffer.of(DATA), chunk.subarray(at, at + PIECE_BYTES)]));
    }
    done();
  }

  override _final(done: () => void): void {
    this.#webSocket.close();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#webSocket.close();
    // Nobody waits for the far side to say goodbye.
    this.#socket?.destroy();
    done(error);
  }

  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  ref(): this {
    (this.#socket as Socket | null)?.ref?.();
    return this;
  }

  unref(): this {
    (this.#socket as Socket | null)?.unref?.();
    return this;
  }

  #take(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) {
      this.destroy(new PodConnectionError("the kubelet sent what is no port-forward"));
      return;
    }
    const message = Buffer.from(data);
    const channel = message[0] ?? -1;
    const announced = this.#announced.get(channel) ?? 0;
    const content = message.subarray(1 + announced);
    if (announced > 0) this.#announced.set(channel, Math.max(0, announced - (message.length - 1)));
    if (content.length === 0) return;
    if (channel === DATA) this.push(content);
    // What it says there may quote anything, and is left unread.
    else if (channel === ERROR)
      this.destroy(new PodConnectionError("the kubelet cannot connect to the Pod's port"));
  }
}

import { readFile } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer, Agent as TlsAgent, request as tlsRequest } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { ControlPlane } from "./control-plane/control-plane.ts";

/** What is done to one request. */
export type Fault =
  /** Forwarded after a while. */
  | { kind: "delay"; ms: number }
  /** Not forwarded: this status is answered, with these headers. */
  | { kind: "answer"; status: number; headers?: Readonly<Record<string, string>> }
  /**
   * Forwarded and carried out, but the connection ends instead of the answer; of a watch, amid its first event.
   * `first` is called once it was carried out.
   */
  | { kind: "drop-answer"; first?: () => void }
  /** Forwarded and carried out, whereupon `first` is called; the answer never comes. */
  | { kind: "hold-answer"; first: () => void }
  /** Neither forwarded nor answered: the connection stays until whoever sent it ends it. */
  | { kind: "hold" }
  /** Forwarded once that is settled, even if whoever sent it has given up by then. */
  | { kind: "late"; until: Promise<void> }
  /** The connection ends instead. */
  | { kind: "drop" };

/** A request as the proxy judges it. */
export type ProxiedRequest = { method: string; path: string; isWatch: boolean };

/** A proxy in front of an API server, with its certificate. */
export type FaultProxy = {
  /** Port on loopback. */
  readonly port: number;
  /** What to do to each request from now on; null to let it through. */
  inject(judge: (request: ProxiedRequest) => Fault | null): void;
  /** How many faults of each kind were injected; of answers, by status. */
  readonly injected: ReadonlyMap<string, number>;
  /** Ends every connection there is. */
  cutConnections(): void;
  close(): Promise<void>;
};

/** Puts a proxy in front of a control plane's API server. Requests pass unchanged until faults are injected. */
export async function startFaultProxy(controlPlane: ControlPlane): Promise<FaultProxy> {
  const tls = { key: await readFile(controlPlane.servingKeyFile), cert: await readFile(controlPlane.caFile) };
  const agent = new TlsAgent({ keepAlive: true, ca: controlPlane.ca });
  const sockets = new Set<Socket>();
  const injected = new Map<string, number>();
  let judge: (request: ProxiedRequest) => Fault | null = () => null;

  const server: Server = createServer(tls, (incoming, outgoing) => {
    const { method = "GET", url: path = "/" } = incoming;
    const fault = judge({ method, path, isWatch: isWatching(path) });
    if (fault !== null) {
      const name = fault.kind === "answer" ? `${fault.status}` : fault.kind;
      injected.set(name, (injected.get(name) ?? 0) + 1);
    }
    if (fault?.kind === "hold") return void incoming.on("error", () => undefined).resume();
    if (fault?.kind === "drop") return void incoming.socket.destroy();
    if (fault?.kind === "answer") return answer(incoming, outgoing, fault);
    if (fault?.kind === "late") return forwardLate(incoming, outgoing, fault.until);
    const drop = fault?.kind === "drop-answer" || fault?.kind === "hold-answer" ? fault : null;
    setTimeout(() => forward(incoming, outgoing, drop), fault?.kind === "delay" ? fault.ms : 0);
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  server.on("tlsClientError", () => undefined);
  // Watches last.
  server.requestTimeout = 0;

  function forward(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    drop: Extract<Fault, { kind: "drop-answer" | "hold-answer" }> | null,
  ): void {
    const { host: _host, ...headers } = incoming.headers;
    const { method = "GET", url = "/" } = incoming;
    const isWatch = isWatching(url);
    const upstream = tlsRequest(new URL(url, controlPlane.url), { agent, method, headers }, (reply) => {
      reply.on("error", () => outgoing.destroy());
      if (drop !== null && !isWatch) {
        reply.resume();
        reply.on("end", () => {
          drop.first?.();
          if (drop.kind === "drop-answer") incoming.socket.destroy();
        });
        return;
      }
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
      outgoing.flushHeaders();
      if (drop !== null)
        reply.once("data", (chunk: Buffer) => {
          outgoing.write(chunk.subarray(0, chunk.length / 2), () => incoming.socket.destroy());
        });
      else reply.pipe(outgoing);
    });
    upstream.on("error", () => incoming.socket.destroy());
    outgoing.on("close", () => {
      if (!outgoing.writableEnded) upstream.destroy();
    });
    incoming.on("error", () => upstream.destroy());
    incoming.pipe(upstream);
  }

  /** As a network does that was cut off, and had taken the request already. */
  function forwardLate(incoming: IncomingMessage, outgoing: ServerResponse, until: Promise<void>): void {
    const { host: _host, ...headers } = incoming.headers;
    const { method = "GET", url = "/" } = incoming;
    const chunks: Buffer[] = [];
    incoming.on("error", () => undefined);
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      void until.then(() => {
        const upstream = tlsRequest(new URL(url, controlPlane.url), { agent, method, headers }, (reply) => {
          reply.on("error", () => outgoing.destroy());
          outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
          reply.pipe(outgoing);
        });
        upstream.on("error", () => outgoing.destroy());
        upstream.end(Buffer.concat(chunks));
      });
    });
  }

  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const cutConnections = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    inject: (next) => {
      judge = next;
    },
    injected,
    cutConnections,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      cutConnections();
      agent.destroy();
      await closed;
    },
  };
}

/** As the API server words it. */
function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { status, headers = {} }: Extract<Fault, { kind: "answer" }>,
): void {
  incoming.resume();
  incoming.on("end", () => {
    const body = { kind: "Status", apiVersion: "v1", status: "Failure", message: "injected", code: status };
    outgoing.writeHead(status, { "content-type": "application/json", ...headers });
    outgoing.end(JSON.stringify(body));
  });
}

function isWatching(path: string): boolean {
  return /[?&]watch=(true|1)/.test(path);
}

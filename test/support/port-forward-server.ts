import type { IncomingMessage, Server } from "node:http";
import type { Server as TlsServer } from "node:https";
import { connect } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";

/** A Pod and one of its ports. */
export type ForwardedPort = { pod: string; port: number };

/** What a Pod's port leads to; null where nothing listens. */
export type ForwardTarget = { host: string; port: number } | null;

/** Port-forwarding on a server of the test. */
export type PortForwardServer = {
  /** What was asked for so far: `kube-system/pod:8080`. */
  forwarded: string[];
  /** Headers of those requests. */
  requests: IncomingMessage[];
  /** Breaks all connections; new ones are served. */
  breakConnections(): void;
};

const PROTOCOL = "v4.channel.k8s.io";
const DATA = 0;
const ERROR = 1;

/**
 * Serves port-forwards in the form that kubelets have for WebSocket clients: on each channel first the port's number, then
 * bytes, or an error's text.
 * @param portOf what a path asks for; null refuses with 403.
 */
export function servePortForwards(
  server: Server | TlsServer,
  portOf: (url: URL) => ForwardedPort | null,
  targetOf: (asked: ForwardedPort) => ForwardTarget,
): PortForwardServer {
  const webSockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  const forwarded: string[] = [];
  const requests: IncomingMessage[] = [];
  server.on("upgrade", (request: IncomingMessage, socket, head) => {
    const asked = portOf(new URL(request.url ?? "", "http://any"));
    requests.push(request);
    if (asked === null) {
      socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    forwarded.push(`${asked.pod}:${asked.port}`);
    webSockets.handleUpgrade(request, socket, head, (client) => forward(client, asked.port, targetOf(asked)));
  });
  const breakConnections = () => {
    for (const client of webSockets.clients) client.terminate();
  };
  return { forwarded, requests, breakConnections };
}

function forward(client: WebSocket, port: number, target: ForwardTarget): void {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(port);
  for (const channel of [DATA, ERROR]) client.send(Buffer.concat([Buffer.of(channel), number]));
  const fail = () => {
    client.send(Buffer.concat([Buffer.of(ERROR), Buffer.from("error forwarding port: connection refused")]));
    client.close();
  };
  if (target === null) {
    fail();
    return;
  }
  const socket = connect(target);
  socket.on("data", (bytes) => client.send(Buffer.concat([Buffer.of(DATA), bytes])));
  socket.on("error", fail);
  socket.on("close", () => client.close());
  client.on("message", (message: Buffer) => {
    if (message[0] === DATA) socket.write(message.subarray(1));
  });
  client.on("close", () => socket.destroy());
}

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Connections of one peer at once, to each port. */
const MAX_CONNECTIONS_OF_PEER = 256;

/**
 * Bounds the connections of each peer. Above the bound an old one is closed, one without a request under work if there
 * is any: a health check that comes from the very peer that holds them all is still answered.
 */
export function limitConnections(server: Server): void {
  const held = new Map<string, Set<Socket>>();
  const working = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    const peer = socket.remoteAddress ?? "unknown";
    const its = held.get(peer) ?? new Set<Socket>();
    held.set(peer, its);
    if (its.size >= MAX_CONNECTIONS_OF_PEER) oldest(its, working)?.destroy();
    its.add(socket);
    socket.once("close", () => {
      its.delete(socket);
      if (its.size === 0) held.delete(peer);
    });
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    working.add(socket);
    response.once("close", () => working.delete(socket));
  });
}

function oldest(sockets: ReadonlySet<Socket>, working: ReadonlySet<Socket>): Socket | undefined {
  let first: Socket | undefined;
  for (const socket of sockets) {
    if (socket.destroyed) continue;
    if (!working.has(socket)) return socket;
    first ??= socket;
  }
  return first;
}

import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** A proxy on loopback that counts the connections it let through. */
export type TunnelProxy = { port: number; tunnels: () => number; close: () => Promise<void> };

/** An HTTP proxy for the CONNECT method. */
export async function startConnectProxy(): Promise<TunnelProxy> {
  const server = createHttpServer();
  let tunnels = 0;
  server.on("connect", (request, socket: Socket) => {
    const [host, port] = (request.url ?? "").split(":");
    tunnels += 1;
    join(socket, host ?? "", Number(port), "HTTP/1.1 200 Connection established\r\n\r\n");
  });
  return listening(server, () => tunnels);
}

/** A SOCKS 5 proxy without authentication, for IPv4 addresses and names (RFC 1928). */
export async function startSocksProxy(): Promise<TunnelProxy> {
  let tunnels = 0;
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.once("data", () => {
      socket.write(Uint8Array.of(5, 0));
      socket.once("data", (request: Buffer) => {
        const byName = request[3] === 3;
        const end = byName ? 5 + (request[4] ?? 0) : 8;
        const address = byName
          ? request.subarray(5, end).toString("latin1")
          : request.subarray(4, end).join(".");
        tunnels += 1;
        join(socket, address, request.readUInt16BE(end), Uint8Array.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0));
      });
    });
  });
  return listening(server, () => tunnels);
}

function join(socket: Socket, host: string, port: number, greeting: string | Uint8Array): void {
  const far = connect(port, host, () => {
    socket.write(greeting);
    far.pipe(socket);
    socket.pipe(far);
  });
  far.on("error", () => socket.destroy());
  socket.on("error", () => far.destroy());
  socket.on("close", () => far.destroy());
}

async function listening(server: Server, tunnels: () => number): Promise<TunnelProxy> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    tunnels,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

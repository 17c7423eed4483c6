import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request looked like on arrival. */
export type Seen = { method: string; url: string; headers: IncomingMessage["headers"]; body: string };

/** An HTTP server on loopback whose answers a test writes. */
export type ScriptedServer = {
  url: string;
  seen: Seen[];
  /** Sockets that were opened so far. */
  connections(): number;
  close(): Promise<void>;
};

/** Starts one; the handler gets the response and what was asked. */
export async function startScriptedServer(
  handler: (response: ServerResponse, seen: Seen) => void | Promise<void>,
): Promise<ScriptedServer> {
  const seen: Seen[] = [];
  let connections = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      seen.push(one);
      void handler(response, one);
    });
  });
  server.on("connection", () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with JSON. */
export function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

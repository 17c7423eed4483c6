import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** Stands before an HTTP server, passes everything on, and knows what was asked. */
export type ServiceRelay = {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /** How many requests came that this is part of: of the operation for KMS (`Decrypt`), else of `POST /v1/PATH`. */
  count(part: string): number;
  /** Forgets what was asked so far. */
  forget(): void;
  /** Ends every connection, and each that comes from now on. */
  cut(): void;
  /** Passes requests on again. */
  mend(): void;
  close(): Promise<void>;
};

/** Starts one. @param target http://HOST:PORT of the server behind it. */
export async function startServiceRelay(target: string): Promise<ServiceRelay> {
  let asked: string[] = [];
  let isCut = false;
  const sockets = new Set<Socket>();
  const pass = (incoming: IncomingMessage, answer: ServerResponse) => {
    const { method = "GET", url = "/", headers } = incoming;
    const operation = headers["x-amz-target"];
    asked.push(typeof operation === "string" ? operation : `${method} ${url}`);
    const onward = request(`${target}${url}`, { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    incoming.pipe(onward);
  };
  const server = createServer(pass);
  server.on("connection", (socket) => {
    if (isCut) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    count: (part) => asked.filter((one) => one.includes(part)).length,
    forget() {
      asked = [];
    },
    cut() {
      isCut = true;
      endAll();
    },
    mend() {
      isCut = false;
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      endAll();
      await closed;
    },
  };
}

import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * One answer of the stub: by method and path, status and body, which may be made from the body of the question. Of
 * several for one method and path each is given once, in turn, and the last one from then on.
 */
export type StubRoute = {
  method: string;
  path: string;
  status: number;
  body: string | ((question: string) => string);
};

/** A listening stub. */
export type StubApiServer = {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** A kubeconfig whose current context leads to it, with no namespace of its own. */
  kubeconfig: string;
  /** What was asked so far. */
  requests: { line: string; headers: IncomingHttpHeaders; body: string }[];
  close(): Promise<void>;
};

const NOT_FOUND = JSON.stringify({ kind: "Status", status: "Failure", reason: "NotFound", code: 404 });

/** An API server that knows the routes given and answers everything else as the real one does: 404, a Status. */
export async function startStubApiServer(routes: readonly StubRoute[]): Promise<StubApiServer> {
  const requests: StubApiServer["requests"] = [];
  const waiting = [...routes];
  const next = (line: string): StubRoute | undefined => {
    const fits = ({ method, path }: StubRoute) => `${method} ${path}` === line;
    const at = waiting.findIndex(fits);
    const isLast = waiting.findLastIndex(fits) === at;
    return isLast ? waiting[at] : waiting.splice(at, 1)[0];
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const question = Buffer.concat(chunks).toString();
      const line = `${request.method} ${request.url}`;
      requests.push({ line, headers: request.headers, body: question });
      const { status, body } = next(line) ?? { status: 404, body: NOT_FOUND };
      const text = typeof body === "string" ? body : body(question);
      const type = text.startsWith("{") ? "application/json" : "text/plain";
      response.writeHead(status, { "content-type": type }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, kubeconfig: kubeconfigFor(url), requests, close: () => close(server) };
}

/** A kubeconfig for a server without authentication. */
export function kubeconfigFor(url: string, namespace?: string): string {
  const inNamespace = namespace === undefined ? "" : `, namespace: ${namespace}`;
  return `apiVersion: v1
kind: Config
current-context: stub
clusters: [{name: stub, cluster: {server: "${url}"}}]
users: [{name: stub, user: {}}]
contexts: [{name: stub, context: {cluster: stub, user: stub${inNamespace}}}]
`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

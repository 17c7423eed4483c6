import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** One answer of the stub: by method and path, status and body. */
export type StubRoute = { method: string; path: string; status: number; body: string };

/** A listening stub. */
export type StubApiServer = {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** A kubeconfig whose current context leads to it, with no namespace of its own. */
  kubeconfig: string;
  /** What was asked so far. */
  requests: { line: string; headers: IncomingHttpHeaders }[];
  close(): Promise<void>;
};

/** An API server that knows the routes given and answers everything else as the real one does: 404, a Status. */
export async function startStubApiServer(routes: readonly StubRoute[]): Promise<StubApiServer> {
  const requests: StubApiServer["requests"] = [];
  const server = createServer((request, response) => {
    requests.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    const route = routes.find(({ method, path }) => method === request.method && path === request.url);
    const status = route?.status ?? 404;
    const body =
      route?.body ?? JSON.stringify({ kind: "Status", status: "Failure", reason: "NotFound", code: 404 });
    const type = body.startsWith("{") ? "application/json" : "text/plain";
    response.writeHead(status, { "content-type": type }).end(body);
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

import { createServer } from "node:http";
import { sceneFiles } from "./scene.ts";

/** A web server that hands out certificates. */
export type CertificateServer = { url: string; close(): Promise<void> };

/** Serves `/cert.pem`, `/redirect` that leads there, `/page` which is none, and 404 for all else. */
export async function startCertificateServer(): Promise<CertificateServer> {
  const server = createServer((request, response) => {
    if (request.url === "/redirect") response.writeHead(302, { location: "/cert.pem" }).end();
    else if (request.url === "/cert.pem") response.end(sceneFiles["cert.pem"]);
    else if (request.url === "/page") response.end("<html>please log in</html>\n");
    else response.writeHead(404).end("no");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

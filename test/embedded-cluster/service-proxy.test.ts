import assert from "node:assert/strict";
import type { IncomingMessage, Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { contractApi } from "./contract-client.ts";
import { refusalOf } from "./contract-scene.ts";
import type { EmbeddedCluster } from "./embedded-cluster.ts";
import { startEmbeddedCluster } from "./embedded-cluster.ts";

const proxyPath = (id: string): string => `/api/v1/namespaces/sealing/services/${id}/proxy`;

describe("the Service proxy", () => {
  let cluster: EmbeddedCluster;
  let target: Server;
  let seen: { method: string; url: string; headers: IncomingMessage["headers"]; body: string }[];
  let unregister: () => void;

  before(async () => {
    seen = [];
    target = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const { method = "", url = "", headers } = request;
      seen.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
      response.writeHead(url === "/refused" ? 409 : 200, {
        "content-type": "application/x-pem-file",
        "x-own": "1",
      });
      response.end(`answer to ${url}`);
    });
    await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve));
    cluster = await startEmbeddedCluster({ tokens: { t: "alice" } });
    unregister = cluster.registerService({
      namespace: "sealing",
      name: "controller",
      target: `http://127.0.0.1:${(target.address() as AddressInfo).port}`,
      portName: "http",
      port: 8080,
    });
  });
  after(async () => {
    await cluster.stop();
    await new Promise((resolve) => target.close(resolve));
  });

  const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(cluster.url + path, { ...init, headers: { authorization: "Bearer t", ...init.headers } });

  test("reaches the Service by name, by port name and by port number", async () => {
    for (const id of [
      "controller",
      "controller:http",
      "controller:8080",
      "http:controller:",
      "http:controller:http",
    ]) {
      const answer = await ask(`${proxyPath(id)}/v1/cert.pem`);
      assert.equal(answer.status, 200, id);
      assert.equal(await answer.text(), "answer to /v1/cert.pem");
    }
  });

  test("passes path, query, method and body on, and status and headers back", async () => {
    const path = `${proxyPath("http:controller:http")}/a%2Fb/c?x=1&y=%20`;
    const answer = await ask(path, { method: "POST", body: "sealed", headers: { "x-mine": "2" } });
    assert.equal(answer.headers.get("x-own"), "1");
    assert.equal(answer.headers.get("content-type"), "application/x-pem-file");
    const last = seen.at(-1);
    assert.deepEqual([last?.method, last?.url, last?.body], ["POST", "/a%2Fb/c?x=1&y=%20", "sealed"]);
    assert.equal(last?.headers["x-mine"], "2");
    assert.equal((await ask(`${proxyPath("controller")}/refused`)).status, 409);
  });

  test("keeps the client's credentials to itself", async () => {
    await ask(`${proxyPath("controller")}/x`);
    assert.equal(seen.at(-1)?.headers.authorization, undefined);
  });

  test("asks for the root where no path is given", async () => {
    await ask(proxyPath("controller"));
    assert.equal(seen.at(-1)?.url, "/");
  });

  test("answers 503 for an endpoint that does not answer", async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    cluster.registerService({ namespace: "sealing", name: "gone", target: `http://127.0.0.1:${port}` });
    const api = contractApi({ url: cluster.url, token: "t" });
    const refusal = refusalOf(await api.request("GET", `${proxyPath("gone")}/x`), 503, "ServiceUnavailable");
    assert.match(refusal.message ?? "", /^error trying to reach service: /);
  });

  test("answers 503 once the endpoint was taken away, 404 once the Service is gone", async () => {
    const api = contractApi({ url: cluster.url, token: "t" });
    const path = `${proxyPath("controller")}/x`;
    unregister();
    assert.equal(
      refusalOf(await api.request("GET", path), 503, "ServiceUnavailable").message,
      'no endpoints available for service "controller"',
    );
    await api.request("DELETE", "/api/v1/namespaces/sealing/services/controller");
    refusalOf(await api.request("GET", path), 404, "NotFound");
  });
});

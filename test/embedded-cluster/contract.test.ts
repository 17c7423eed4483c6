import { request as httpRequest } from "node:http";
import { after, before, describe, test } from "node:test";
import { contract } from "./contract.ts";
import type { Send } from "./contract-client.ts";
import { contractApi } from "./contract-client.ts";
import { sceneFor } from "./contract-scene.ts";
import type { EmbeddedCluster } from "./embedded-cluster.ts";
import { startEmbeddedCluster } from "./embedded-cluster.ts";

const sendTo =
  (url: string): Send =>
  (method, path, body, headers) =>
    new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
      const options = { method, headers: { ...headers, ...length }, agent: false };
      const request = httpRequest(`${url}${path}`, options, (response) =>
        resolve({
          status: response.statusCode ?? 0,
          chunks: response,
          close: () => request.destroy(),
        }),
      );
      request.on("error", reject);
      request.end(body);
    });

describe("the embedded server keeps the contract", () => {
  let cluster: EmbeddedCluster;
  before(async () => {
    cluster = await startEmbeddedCluster({ sealedSecrets: true, futureRevisionWaitMs: 100 });
    // kube-apiserver can watch custom resources from their definition on, and so not from revision 1.
    cluster.compact();
  });
  after(() => cluster.stop());

  for (const [index, { name, run }] of contract.entries())
    test(name, async () => run(await sceneFor(contractApi(sendTo(cluster.url)), `contract-${index}`)));
});

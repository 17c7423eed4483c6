import { after, before, describe, test } from "node:test";
import { readObjects, sealedSecretDefinitionFile } from "../support/control-plane/object-files.ts";
import { contract } from "./contract.ts";
import { contractApi } from "./contract-client.ts";
import type { Callers } from "./contract-scene.ts";
import { sceneFor } from "./contract-scene.ts";
import type { EmbeddedCluster } from "./embedded-cluster.ts";
import { startEmbeddedCluster } from "./embedded-cluster.ts";

describe("the embedded server keeps the contract", () => {
  let cluster: EmbeddedCluster;
  let callers: Callers;
  before(async () => {
    cluster = await startEmbeddedCluster({
      futureRevisionWaitMs: 100,
      tokens: { "admin-token": "admin", "alice-token": "alice" },
    });
    cluster.forbid({ user: "alice" });
    const { url } = cluster;
    callers = {
      api: contractApi({ url, token: "admin-token" }),
      ordinary: contractApi({ url, token: "alice-token" }),
      stranger: contractApi({ url }),
    };
    for (const definition of await readObjects(sealedSecretDefinitionFile))
      await callers.api.request(
        "POST",
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        definition,
      );
    // kube-apiserver watches custom resources from their definition on, and so not from revision 1.
    cluster.compact();
  });
  after(() => cluster.stop());

  for (const [index, { name, run }] of contract.entries())
    test(name, async () => run(await sceneFor(callers, `contract-${index}`)));
});

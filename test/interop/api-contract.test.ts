import { after, before, describe, test } from "node:test";
import { contract } from "../embedded-cluster/contract.ts";
import { contractApi } from "../embedded-cluster/contract-client.ts";
import { type Callers, sceneFor } from "../embedded-cluster/contract-scene.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { readObjects, sealedSecretDefinitionFile } from "../support/control-plane/object-files.ts";

describe("kube-apiserver keeps the contract that the embedded server is made after", () => {
  let cluster: ControlPlane;
  let callers: Callers;
  before(async () => {
    const manifests = await readObjects(sealedSecretDefinitionFile);
    cluster = await startControlPlane({ controllerManager: true, manifests });
    const { url, ca, adminToken } = cluster;
    callers = {
      api: contractApi({ url, ca, token: adminToken }),
      ordinary: contractApi({ url, ca, token: await cluster.tokenFor({ user: "alice" }) }),
      stranger: contractApi({ url, ca }),
    };
  });
  after(() => cluster?.stop());

  for (const [index, { name, run }] of contract.entries())
    test(name, async () => run(await sceneFor(callers, `contract-${index}`)));
});

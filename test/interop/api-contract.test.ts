import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { contract } from "../embedded-cluster/contract.ts";
import { contractApi } from "../embedded-cluster/contract-client.ts";
import { type Callers, sceneFor } from "../embedded-cluster/contract-scene.ts";
import { play, steps } from "../embedded-cluster/contract-sequences.ts";
import { type EmbeddedCluster, startEmbeddedCluster } from "../embedded-cluster/embedded-cluster.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { readObjects, sealedSecretDefinitionFile } from "../support/control-plane/object-files.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

describe("kube-apiserver keeps the contract that the embedded server is made after", () => {
  let cluster: ControlPlane;
  let embedded: EmbeddedCluster;
  let real: Callers;
  let standIn: Callers;

  before(async () => {
    const manifests = await readObjects(sealedSecretDefinitionFile);
    cluster = await startControlPlane({ controllerManager: true, manifests });
    const { url, ca, adminToken } = cluster;
    real = {
      api: contractApi({ url, ca, token: adminToken }),
      ordinary: contractApi({ url, ca, token: await cluster.tokenFor({ user: "alice" }) }),
      stranger: contractApi({ url, ca }),
    };
    embedded = await startEmbeddedCluster();
    const api = contractApi(embedded);
    standIn = { api, ordinary: api, stranger: api };
    for (const definition of manifests) await api.request("POST", definitions, definition);
  });
  after(async () => {
    await embedded?.stop();
    await cluster?.stop();
  });

  for (const [index, { name, run }] of contract.entries())
    test(name, async () => run(await sceneFor(real, `contract-${index}`)));

  test("any sequence of requests gets the same answers and the same events from both", async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        count += 1;
        const namespace = `sequence-${count}`;
        const expected = await play(await sceneFor(real, namespace), sequence);
        assert.deepEqual(await play(await sceneFor(standIn, namespace), sequence), expected);
      }),
      // One seed, so that a run proves the same each time; more of them are tried when either server changes.
      {
        seed: Number(process.env["SIGNET_SEQUENCE_SEED"] ?? 1),
        numRuns: Number(process.env["SIGNET_SEQUENCES"] ?? 60),
      },
    );
  });
});

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { base64 } from "../support/in-process-sealing.ts";
import { grantedRights, rightsShapes } from "../support/rights-shapes.ts";
import { type Stage, setStage } from "./scenarios/stage.ts";

requireNetbox();

const gone = "team-b";

suite("one of several listed namespaces is deleted, its Role with it", () => {
  let stage: Stage;

  before(async () => {
    stage = await setStage(rightsShapes.listed);
  });
  after(async () => {
    await stage?.stop();
  });

  const served = async (namespace: string, name: string): Promise<void> => {
    await stage.apply({ namespace, name, items: { foo: name } });
    const secret = await stage.scene.untilSecret(namespace, name);
    assert.deepEqual(secret.data, { foo: base64(name) });
    await stage.scene.untilSynced(namespace, name, "True");
  };

  test("the others are served on", async () => {
    const { scene, cluster, home } = stage;
    await served(gone, "before");
    await scene.remove(`/api/v1/namespaces/${gone}`);
    await waitUntil({ what: "the namespace to be gone", boundMs: 60_000 }, async () =>
      (await cluster.request("GET", `/api/v1/namespaces/${gone}`)).status === 404 ? true : null,
    );
    await served(home, "after");
  });

  test("a restart is ready without it, serves the others, and says once what is lacking", async () => {
    await stage.restart();
    await served(stage.home, "restarted");
    await stage.controller.process.waitForOutput(/Cannot watch SealedSecrets/);
    const lines = stage.controller
      .logs()
      .split("\n")
      .filter((line) => line.includes("Cannot watch SealedSecrets"));
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(lines[0] ?? "", /namespace \\"team-b\\".* 403 .*hint=/);
  });

  test("once it is there again with its Role, it is served again", async () => {
    const { scene, cluster, shape } = stage;
    await scene.namespaces(gone);
    const { objects } = await grantedRights(shape);
    await cluster.apply(objects.filter(({ metadata }) => metadata.namespace === gone));
    await served(gone, "again");
  });
});

import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { Explanation } from "../../cli/explain/explanation.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { testSealer } from "../support/in-process-sealing.ts";
import { type Scene, sceneOf, sealedPath } from "../support/sealed-secret-scene.ts";
import { certificateOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { runSignet } from "../support/signet-cli.ts";
import { type SignetController, startSignetController } from "../support/signet-controller.ts";

requireNetbox();

suite("explaining and opening beside a cluster", () => {
  let cluster: ControlPlane;
  let controller: SignetController;
  let scene: Scene;
  let env: Record<string, string>;
  let folder: string;

  before(async () => {
    cluster = await startControlPlane();
    controller = await startSignetController({ controlPlane: cluster });
    scene = sceneOf(cluster);
    await scene.namespaces("team-a");
    folder = join(cluster.folder, "files");
    await mkdir(folder);
    env = { KUBECONFIG: cluster.adminKubeconfig, HOME: folder };
    const [key = assert.fail("no sealing key")] = await keySecrets(cluster);
    await writeFile(
      join(folder, "keys.json"),
      JSON.stringify({ apiVersion: "v1", kind: "List", items: [key] }),
    );
    const sealer = await testSealer(certificateOf(key));
    const good = await sealer.object({ namespace: "team-a", name: "db", items: { password: "hunter2" } });
    const moved = await sealer.object({
      namespace: "team-a",
      name: "copy",
      items: { password: "x" },
      sealedFor: { name: "db" },
    });
    for (const [name, object] of Object.entries({ good, moved })) {
      await writeFile(join(folder, `${name}.json`), JSON.stringify(object));
      const { status } = await cluster.request("POST", sealedPath("team-a"), object);
      assert.equal(status, 201);
    }
    await scene.untilSynced("team-a", "db", "True");
    await scene.untilSynced("team-a", "copy", "False");
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  async function explain(...args: string[]) {
    const { code, stdout, stderr } = await runSignet(["explain", "-o", "json", ...args], {
      env,
      cwd: folder,
    });
    assert.notEqual(stdout, "", stderr);
    const { sealedSecrets } = JSON.parse(stdout) as { sealedSecrets: Explanation[] };
    const [explanation = assert.fail()] = sealedSecrets;
    return { code, explanation };
  }

  test("the cluster says that all opens, and which key it seals with", async () => {
    const { code, explanation } = await explain("good.json");
    assert.deepEqual([code, explanation.opens, explanation.cluster?.sameAsFile], [0, true, true]);
    assert.match(explanation.cluster?.currentKey ?? "", /^SHA256:/);
  });

  test("the cluster says of a renamed copy which item does not open, and why", async () => {
    const { code, explanation } = await explain("moved.json");
    assert.equal(code, 1);
    assert.equal(explanation.items[0]?.cause, "refused-by-cluster");
    assert.match(explanation.items[0]?.why ?? "", /sealed for team-a\/db, not for team-a\/copy/);
  });

  test("the real API server lists candidates by their metadata", async () => {
    const { code, explanation } = await explain("--key", "keys.json", "--list-candidates", "moved.json");
    assert.equal(code, 1);
    assert.equal(explanation.items[0]?.why, "sealed for team-a/db, not for team-a/copy");
  });

  test("a backup of the key Secrets opens what was sealed for the cluster", async () => {
    const { code, stdout, stderr } = await runSignet(
      ["unseal", "--key", "keys.json", "--item", "password", "good.json"],
      { env, cwd: folder },
    );
    assert.deepEqual([code, stdout, stderr], [0, "hunter2", ""]);
  });
});

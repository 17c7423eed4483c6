import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { collectSecret } from "../../controller/reconcile/collect.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { loadKubeConfig } from "../../shared/kube/config.ts";
import { connectKube } from "../../shared/kube/http-client.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { base64 } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { type Scene, sceneOf, sealedPath } from "../support/sealed-secret-scene.ts";

requireNetbox();

// Without a controller manager: whatever goes was deleted by us.
suite("Secrets of SealedSecrets that are gone, where the cluster collects nothing", () => {
  let cluster: ControlPlane;
  let client: KubeClient;
  let scene: Scene;

  before(async () => {
    cluster = await startInstalledCluster();
    scene = sceneOf(cluster);
    client = connectKube(await loadKubeConfig({ kubeconfig: cluster.adminKubeconfig }), { version: "test" });
  });

  after(async () => {
    await client?.close();
    await cluster?.stop();
  });

  test("its own Secret is deleted, and a second time nothing is there to delete", async () => {
    const uid = await sealed("own");
    await secret("own", { ownerReferences: [ownerOf("own", uid)] });
    await scene.remove(sealedPath("default", "own"));
    assert.equal(await collect("own", uid), "deleted");
    assert.equal(await scene.secret("default", "own"), null);
    assert.equal(await collect("own", uid), "left");
  });

  test("one whose SealedSecret still stands stays", async () => {
    const uid = await sealed("standing");
    await secret("standing", { ownerReferences: [ownerOf("standing", uid)] });
    assert.equal(await collect("standing", uid), "left");
    assert.notEqual(await scene.secret("default", "standing"), null);
  });

  test("the next SealedSecret of that name does not keep it, nor lose its own", async () => {
    const first = await sealed("again");
    await secret("again", { ownerReferences: [ownerOf("again", first)] });
    await scene.remove(sealedPath("default", "again"));
    const second = await sealed("again");
    assert.notEqual(second, first);
    assert.equal(await collect("again", first), "deleted");
    await secret("again", { ownerReferences: [ownerOf("again", second)] });
    assert.equal(await collect("again", first), "left");
    assert.notEqual(await scene.secret("default", "again"), null);
  });

  const staying: Record<string, (uid: string) => Record<string, unknown>> = {
    foreign: () => ({}),
    kept: () => ({ annotations: { "sealedsecrets.bitnami.com/managed": "true" } }),
    shared: (uid) => ({
      ownerReferences: [ownerOf("shared", uid)],
      annotations: { "signet.dev/managed-items": '["a"]' },
    }),
  };
  for (const [name, metadata] of Object.entries(staying)) {
    test(`a Secret stays that is ${name}`, async () => {
      const uid = await sealed(name);
      await secret(name, metadata(uid));
      const before = await scene.secret("default", name);
      await scene.remove(sealedPath("default", name));
      assert.equal(await collect(name, uid), "left");
      assert.deepEqual(await scene.secret("default", name), before);
    });
  }

  function collect(name: string, uid: string) {
    return collectSecret(
      { namespace: "default", name, uid },
      { client, signal: new AbortController().signal },
    );
  }

  /** Makes a SealedSecret. @returns its uid. */
  async function sealed(name: string): Promise<string> {
    const [stored] = await cluster.apply([
      {
        apiVersion: "bitnami.com/v1alpha1",
        kind: "SealedSecret",
        metadata: { namespace: "default", name },
        spec: { encryptedData: { a: "AAAA" } },
      },
    ]);
    return stored?.metadata.uid ?? assert.fail("no uid");
  }

  async function secret(name: string, metadata: Record<string, unknown>): Promise<void> {
    const object: KubeObject = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { ...metadata, namespace: "default", name },
      data: { a: base64("1") },
    };
    await cluster.apply([object]);
  }
});

function ownerOf(name: string, uid: string) {
  return { apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", name, uid, controller: true };
}

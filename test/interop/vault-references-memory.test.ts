import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { grantedRights } from "../support/rights-shapes.ts";
import { type Scene, sceneOf } from "../support/sealed-secret-scene.ts";
import {
  readInstallation,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { enableKv, writeKv } from "../support/vault-engines.ts";
import { enableKubernetesAuth, writeKubernetesRole, writePolicy } from "../support/vault-kubernetes-auth.ts";
import { startVault, type VaultServer } from "../support/vault-server.ts";

requireNetbox();

const audience = "vault.example.org";
const namespace = "shop";

suite("big entries of Vault, and a controller with half the memory that the chart gives it", () => {
  let cluster: ControlPlane;
  let vault: VaultServer;
  let controller: SignetController;
  let scene: Scene;

  before(async () => {
    [cluster, vault] = await Promise.all([startControlPlane(), startVault()]);
    scene = sceneOf(cluster);
    await scene.namespaces(namespace);
    await cluster.apply([
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "signet-vault", namespace } },
    ]);
    await enableKv(vault);
    await enableKubernetesAuth(vault, cluster);
    await writePolicy(vault, "big", { "secret/data/big/*": ["read"], "secret/metadata/big/*": ["read"] });
    await writeKubernetesRole(vault, {
      ...{ name: "tenants", serviceAccounts: ["signet-vault"], namespaces: [namespace] },
      ...{ audience, policies: ["big"] },
    });
    const { objects, flags } = await grantedRights({
      title: "with Vault references",
      values: {
        vault: { address: vault.address },
        vaultReferences: { mounts: ["secret"], role: "tenants", audience },
      },
      served: [namespace],
      others: [],
    });
    const definitions = (await readInstallation()).filter(({ kind }) => kind === "CustomResourceDefinition");
    await cluster.apply([...definitions, ...objects]);
    controller = await startSignetController({
      ...{ controlPlane: cluster, flags, install: false },
      env: { NODE_OPTIONS: "--max-old-space-size=256" },
    });
  });
  after(async () => {
    await controller?.stop();
    await vault?.stop();
    await cluster?.stop();
  });

  const put = (name: string, field: string) => {
    const items = Array.from({ length: 64 }, (_, at) => ({
      ...{ key: `k${at}`, mount: "secret", path: `big/${at}`, field },
    }));
    const metadata = { namespace, name };
    const spec = { encryptedData: {}, vault: items };
    return cluster.apply([{ apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", metadata, spec }]);
  };

  test("small fields of them come, and whoever asks for the big ones is told", async () => {
    for (let at = 0; at < 64; at++)
      await writeKv(vault, { path: `big/${at}` }, { small: `${at}`, big: "y".repeat(900_000) });
    const names = Array.from({ length: 6 }, (_, at) => `many-${at}`);
    for (const name of names) await put(name, "small");
    await put("greedy", "big");
    for (const name of names) {
      const { data } = await scene.untilSecret(namespace, name);
      assert.equal(Object.keys(data ?? {}).length, 64);
    }
    await waitUntil({ what: "the big ones to be refused", boundMs: 90_000 }, async () => {
      const conditions = (await scene.status(namespace, "greedy"))?.conditions ?? [];
      return conditions.some(({ reason }) => reason === "VaultValuesTooLarge") ? true : null;
    });
    assert.equal(await scene.secret(namespace, "greedy"), null);
  });
});

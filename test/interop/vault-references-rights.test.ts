import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { grantedRights, type RightsShape, rightsShapes } from "../support/rights-shapes.ts";
import { sceneOf } from "../support/sealed-secret-scene.ts";
import {
  controllerName,
  controllerNamespace,
  readInstallation,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { enableKv, writeKv } from "../support/vault-engines.ts";
import { enableKubernetesAuth, writeKubernetesRole, writePolicy } from "../support/vault-kubernetes-auth.ts";
import { startVault, type VaultServer } from "../support/vault-server.ts";

requireNetbox();

const audience = "vault.example.org";
const user = `system:serviceaccount:${controllerNamespace}:${controllerName}`;

/** Shapes without rights over the whole cluster, which vault-references.test.ts has. */
for (const name of ["listed", "own"] as const) {
  const shape: RightsShape = rightsShapes[name];
  suite(`items that stand in Vault, with rights granted ${shape.title}`, () => {
    let cluster: ControlPlane;
    let vault: VaultServer;
    let controller: SignetController;

    before(async () => {
      [cluster, vault] = await Promise.all([startControlPlane({ auditLog: true }), startVault()]);
      const namespaces = [...shape.served, ...shape.others];
      await sceneOf(cluster).namespaces(...namespaces);
      await cluster.apply(
        namespaces.map((namespace) => ({
          apiVersion: "v1",
          kind: "ServiceAccount",
          metadata: { name: "signet-vault", namespace },
        })),
      );
      await enableKv(vault);
      await enableKubernetesAuth(vault, cluster);
      await writeKv(vault, { path: "db" }, { password: "one" });
      await writePolicy(vault, "db", { "secret/data/db": ["read"], "secret/metadata/db": ["read"] });
      for (const namespace of namespaces)
        await writeKubernetesRole(vault, {
          name: `signet-${namespace}`,
          serviceAccounts: ["signet-vault"],
          namespaces: [namespace],
          audience,
          policies: ["db"],
        });
      const values = {
        ...shape.values,
        vault: { address: vault.address },
        vaultReferences: { mounts: ["secret"], role: "signet-{namespace}", audience, refreshInterval: "10s" },
      };
      const { objects, flags } = await grantedRights({ ...shape, values });
      const definitions = (await readInstallation()).filter(
        ({ kind }) => kind === "CustomResourceDefinition",
      );
      await cluster.apply([...definitions, ...objects]);
      controller = await startSignetController({ controlPlane: cluster, flags, install: false });
    });
    after(async () => {
      await controller?.stop();
      await vault?.stop();
      await cluster?.stop();
    });

    test("are read where the controller serves, by each namespace's own role", async () => {
      const scene = sceneOf(cluster);
      const vaultItems = [{ key: "password", mount: "secret", path: "db", field: "password" }];
      await cluster.apply(
        [...shape.served, ...shape.others].map((namespace) => ({
          apiVersion: "bitnami.com/v1alpha1",
          kind: "SealedSecret",
          metadata: { name: "db", namespace },
          spec: { encryptedData: {}, vault: vaultItems },
        })),
      );
      for (const namespace of shape.served) {
        const { data } = await scene.untilSecret(namespace, "db");
        assert.equal(Buffer.from(data?.["password"] ?? "", "base64").toString(), "one");
        await scene.untilSynced(namespace, "db", "True");
      }
      for (const namespace of shape.others) assert.equal(await scene.secret(namespace, "db"), null);
    });

    test("and nothing that is asked for is refused, tokens of the one account included", async () => {
      const events = (await cluster.auditEvents()).filter((event) => event.user === user);
      assert.deepEqual(
        events.filter(({ decision }) => decision === "forbid"),
        [],
      );
      const tokens = events.filter(({ subresource }) => subresource === "token");
      const asked = tokens.map(({ namespace, name: account }) => `${namespace}/${account}`);
      assert.deepEqual([...new Set(asked)].sort(), shape.served.map((one) => `${one}/signet-vault`).sort());
    });

    test("the right is for that account alone", async () => {
      const token = await cluster.tokenFor({
        serviceAccount: { namespace: controllerNamespace, name: controllerName },
      });
      const spec = { audiences: [audience], expirationSeconds: 600 };
      const body = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec };
      const ask = async (namespace: string, account: string): Promise<number> => {
        const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
        return (await cluster.request("POST", path, body, { token })).status;
      };
      assert.equal(await ask(shape.served[0], "signet-vault"), 201);
      assert.equal(await ask(controllerNamespace, controllerName), 403);
      for (const namespace of shape.others) assert.equal(await ask(namespace, "signet-vault"), 403);
    });
  });
}

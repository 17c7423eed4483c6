import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { isRecord } from "../support/control-plane/kube-object.ts";
import { requestServiceAccountToken } from "../support/control-plane/service-account.ts";
import { enableKv, writeKv } from "../support/vault-engines.ts";
import {
  enableKubernetesAuth,
  logInToVault,
  writeKubernetesRole,
  writePolicy,
} from "../support/vault-kubernetes-auth.ts";
import type { VaultAnswer } from "../support/vault-request.ts";
import { startVault, type VaultServer } from "../support/vault-server.ts";

const audience = "vault.example.org";

suite("ServiceAccounts of a cluster log in to Vault", () => {
  let cluster: ControlPlane;
  let vault: VaultServer;

  before(async () => {
    [cluster, vault] = await Promise.all([startControlPlane(), startVault()]);
    await enableKv(vault);
    await writeKv(vault, { path: "shop/db" }, { password: "one" });
    await writeKv(vault, { path: "bank/db" }, { password: "two" });
    await writePolicy(vault, "shop", { "secret/data/shop/*": ["read"] });
    await enableKubernetesAuth(vault, cluster);
    await writeKubernetesRole(vault, {
      name: "shop",
      serviceAccounts: ["signet-vault"],
      namespaces: ["shop"],
      audience,
      policies: ["shop"],
      tokenTtl: 300,
    });
  });
  after(async () => {
    await vault?.stop();
    await cluster?.stop();
  });

  const tokenOf = (namespace: string, name = "signet-vault", audiences = [audience]): Promise<string> =>
    requestServiceAccountToken(cluster.request, { namespace, name }, audiences);
  const reasons = ({ body }: VaultAnswer): unknown => (isRecord(body) ? body["errors"] : undefined);

  test("the ServiceAccount that a role names gets a token, which reads what the role's policy allows", async () => {
    const { status, body } = await logInToVault(vault, "shop", await tokenOf("shop"));
    assert.equal(status, 200);
    const auth = isRecord(body) ? body["auth"] : undefined;
    assert.ok(isRecord(auth) && typeof auth["client_token"] === "string");
    assert.equal(auth["lease_duration"], 300);
    assert.equal(auth["renewable"], true);
    assert.deepEqual(auth["policies"], ["default", "shop"]);
    const read = (path: string): Promise<VaultAnswer> =>
      vault.request("GET", path, undefined, String(auth["client_token"]));
    assert.equal((await read("secret/data/shop/db")).status, 200);
    assert.equal((await read("secret/data/bank/db")).status, 403);
  });

  test("that of another namespace, or another of the same namespace, is refused", async () => {
    const otherNamespace = await logInToVault(vault, "shop", await tokenOf("bank"));
    assert.equal(otherNamespace.status, 403);
    assert.deepEqual(reasons(otherNamespace), ["namespace not authorized"]);
    const otherName = await logInToVault(vault, "shop", await tokenOf("shop", "default"));
    assert.equal(otherName.status, 403);
    assert.deepEqual(reasons(otherName), ["service account name not authorized"]);
  });

  test("a token for somebody else, or of a ServiceAccount that is gone, is refused", async () => {
    const forApiServer = await logInToVault(vault, "shop", await cluster.tokenFor(shopAccount));
    assert.equal(forApiServer.status, 403);
    const gone = await tokenOf("shop");
    const path = "/api/v1/namespaces/shop/serviceaccounts/signet-vault";
    assert.equal((await cluster.request("DELETE", path)).status, 200);
    assert.equal((await logInToVault(vault, "shop", gone)).status, 403);
  });
});

const shopAccount = { serviceAccount: { namespace: "shop", name: "signet-vault" } };

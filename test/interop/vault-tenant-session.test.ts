import assert from "node:assert/strict";
import { after, before, beforeEach, suite, test } from "node:test";
import { AudienceGuard } from "../../controller/vault-kv/audience-guard.ts";
import { VaultReferenceError } from "../../controller/vault-kv/reference-error.ts";
import { openTenant } from "../../controller/vault-kv/tenant-session.ts";
import type { Tenant } from "../../controller/vault-kv/tenants.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { loadKubeConfig } from "../../shared/kube/config.ts";
import { connectKube } from "../../shared/kube/http-client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { connectVault, type VaultClient } from "../../shared/vault/vault-client.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { keepVaultAuditLog, type VaultAuditEntry } from "../support/vault-audit-log.ts";
import { enableKv, writeKv } from "../support/vault-engines.ts";
import { enableKubernetesAuth, writeKubernetesRole, writePolicy } from "../support/vault-kubernetes-auth.ts";
import { succeed } from "../support/vault-request.ts";
import { startVault, type VaultServer } from "../support/vault-server.ts";

const audience = "vault.example.org";
const at = { mount: "secret", path: "shop/db" };
const MINUTE = 60_000;

suite("the session of a namespace, with a real Vault and API server", () => {
  let cluster: ControlPlane;
  let vault: VaultServer;
  let connection: VaultClient;
  let admin: KubeClient;
  let log: () => Promise<VaultAuditEntry[]>;
  let withToken: (token: string) => KubeClient;
  let clock: FakeClock;
  let tenant: Tenant;

  before(async () => {
    [cluster, vault] = await Promise.all([startControlPlane(), startVault()]);
    const access = await loadKubeConfig({ kubeconfig: cluster.adminKubeconfig });
    withToken = (token) => connectKube({ ...access, user: { token } }, { version: "0.0.0-test" });
    admin = connectKube(access, { version: "0.0.0-test" });
    connection = connectVault({ address: vault.address });
    await admin.request({
      method: "POST",
      path: corePath("namespaces"),
      body: { metadata: { name: "shop" } },
    });
    await enableKv(vault);
    await writeKv(vault, at, { password: "one" });
    await writePolicy(vault, "shop", { "secret/data/shop/*": ["read"] });
    await enableKubernetesAuth(vault, cluster);
    log = await keepVaultAuditLog(vault, cluster.folder);
  });
  beforeEach(async () => {
    await cluster.apply([
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "signet-vault", namespace: "shop" } },
    ]);
    await writeKubernetesRole(vault, {
      ...{ name: "tenants", serviceAccounts: ["signet-vault"], namespaces: ["shop"] },
      // Vault itself would renew it for a month.
      ...{ audience, policies: ["shop"], tokenTtl: 3600 },
    });
    clock = new FakeClock();
    tenant = openTenant({
      namespace: "shop",
      settings: {
        ...{ mounts: ["secret"], role: "tenants", authMount: "kubernetes", audience, refreshMs: MINUTE },
        ...{ address: vault.address, vaultNamespace: "" },
      },
      ...{ connection, client: admin, clock, metrics: { countVaultKvRequest: () => undefined } },
      guard: new AudienceGuard({ withToken }, () => clock.monotonic()),
    });
  });
  after(async () => {
    await tenant?.close();
    await connection?.close();
    await admin?.close();
    await vault?.stop();
    await cluster?.stop();
  });

  const reads = async (): Promise<string | null> => {
    const read = await tenant.readSecret(at, {});
    return read.kind === "found" ? (read.fields.get("password")?.text ?? null) : null;
  };
  const asked = async (path: string): Promise<number> =>
    (await log()).filter((entry) => entry.path === path && entry.error === null).length;
  const refusal = async (): Promise<string> => {
    const error = await reads().catch((thrown: unknown) => thrown);
    assert.ok(error instanceof VaultReferenceError, String(error));
    return error.reason;
  };
  const ways: [string, string, () => Promise<unknown>][] = [
    [
      "deleted",
      "VaultAccountMissing",
      () => admin.request({ method: "DELETE", path: corePath("serviceaccounts", "shop", "signet-vault") }),
    ],
    [
      "no longer let in",
      "VaultLoginRefused",
      () => succeed(vault.request, "DELETE", "auth/kubernetes/role/tenants"),
    ],
  ];

  for (const [what, reason, take] of ways)
    test(`of an account that was ${what}, nothing is read ten minutes later, and Vault has the token back`, async () => {
      assert.equal(await reads(), "one");
      await take();
      const before = await asked("auth/token/revoke-self");
      await clock.advance(5 * MINUTE);
      assert.equal(await reads(), "one");
      await clock.advance(5 * MINUTE + 1000);
      assert.equal(await refusal(), reason);
      await waitUntil({ what: "the token to be given back", boundMs: 90_000 }, async () =>
        (await asked("auth/token/revoke-self")) === before + 1 ? true : null,
      );
    });

  test("goes on by one login after the other while the account stands, each token given back", async () => {
    const before = [await asked("auth/kubernetes/login"), await asked("auth/token/revoke-self")];
    assert.equal(await reads(), "one");
    for (let round = 1; round <= 3; round++) {
      await clock.advance(8 * MINUTE);
      await waitUntil({ what: `login ${round + 1}`, boundMs: 90_000 }, async () =>
        (await asked("auth/token/revoke-self")) === (before[1] ?? 0) + round ? true : null,
      );
      const all = await Promise.all(Array.from({ length: 10 }, reads));
      assert.deepEqual(new Set(all), new Set(["one"]));
    }
    assert.equal((await asked("auth/kubernetes/login")) - (before[0] ?? 0), 4);
  });
});

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Canaries, objectEvidence } from "../support/canary.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { isRecord, type KubeObject } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { grantedRights } from "../support/rights-shapes.ts";
import {
  conditionOf,
  type Scene,
  type SceneSecret,
  sceneOf,
  sealedPath,
} from "../support/sealed-secret-scene.ts";
import {
  controllerName,
  controllerNamespace,
  readInstallation,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";
import { keepVaultAuditLog, type VaultAuditEntry } from "../support/vault-audit-log.ts";
import { changeKvVersions, enableKv, removeKv, writeKv } from "../support/vault-engines.ts";
import { enableKubernetesAuth, writeKubernetesRole } from "../support/vault-kubernetes-auth.ts";
import { succeed } from "../support/vault-request.ts";
import { startVault, type VaultServer } from "../support/vault-server.ts";

requireNetbox();

const audience = "vault.example.org";
const canaries = new Canaries();
const passwords = { one: canaries.text("one"), two: canaries.text("two"), other: canaries.text("other") };

type Reference = {
  key: string;
  mount?: string;
  path: string;
  field: string;
  version?: number;
  refreshInterval?: string;
};

suite("items of a Secret that stand in Vault", () => {
  let cluster: ControlPlane;
  let vault: VaultServer;
  let controller: SignetController;
  let scene: Scene;
  let sealer: TestSealer;
  let flags: string[];
  let vaultLog: () => Promise<VaultAuditEntry[]>;

  before(async () => {
    [cluster, vault] = await Promise.all([startControlPlane({ auditLog: true }), startVault()]);
    scene = sceneOf(cluster);
    vaultLog = await keepVaultAuditLog(vault, cluster.folder);
    await scene.namespaces("shop", "bank", "office");
    for (const namespace of ["shop", "bank"])
      await cluster.apply([
        { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "signet-vault", namespace } },
      ]);
    await enableKv(vault);
    await enableKubernetesAuth(vault, cluster);
    await allowOwnFolder(vault);
    await writeKubernetesRole(vault, {
      name: "signet-tenants",
      serviceAccounts: ["signet-vault"],
      namespaces: ["shop", "bank"],
      audience,
      policies: ["own-folder"],
    });
    await writeKv(vault, { path: "shop/db" }, { user: "app", password: passwords.one, port: 5432 });
    await writeKv(vault, { path: "bank/db" }, { password: passwords.other });
    const rights = await grantedRights({
      title: "with Vault references",
      values: {
        vault: { address: vault.address },
        vaultReferences: {
          mounts: ["secret"],
          role: "signet-tenants",
          audience,
          refreshInterval: "10s",
        },
      },
      served: ["shop"],
      others: [],
    });
    const definitions = (await readInstallation()).filter(({ kind }) => kind === "CustomResourceDefinition");
    await cluster.apply([...definitions, ...rights.objects]);
    flags = rights.flags;
    controller = await start();
    const certificate = await fetch(`${controller.url}/v1/cert.pem`);
    sealer = await testSealer(await certificate.text());
  });
  after(async () => {
    await controller?.stop();
    await vault?.stop();
    await cluster?.stop();
  });

  const start = (): Promise<SignetController> =>
    startSignetController({ controlPlane: cluster, flags, install: false });

  const put = async (namespace: string, name: string, vaultItems: Reference[], extra: object = {}) => {
    const spec = {
      encryptedData: {},
      vault: vaultItems.map((item) => ({ mount: "secret", ...item })),
      ...extra,
    };
    const metadata = { namespace, name };
    await cluster.apply([{ apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", metadata, spec }]);
  };
  const item = (secret: SceneSecret, name: string): string =>
    Buffer.from(secret.data?.[name] ?? "", "base64").toString();
  const noted = async (namespace: string, name: string): Promise<Record<string, unknown>> => {
    const status = (await scene.sealedSecret(namespace, name))?.["status"];
    const notes = isRecord(status) && isRecord(status["vault"]) ? status["vault"]["items"] : undefined;
    return isRecord(notes) ? notes : {};
  };
  /** When Vault made a version. */
  const timeOf = async (path: string, version: number): Promise<unknown> => {
    const body = await succeed(vault.request, "GET", `secret/data/${path}?version=${version}`);
    const data = isRecord(body) && isRecord(body["data"]) ? body["data"] : {};
    return isRecord(data["metadata"]) ? data["metadata"]["created_time"] : undefined;
  };
  const untilCondition = (namespace: string, name: string, type: string, reason: string) =>
    waitUntil({ what: `${namespace}/${name}: ${type} ${reason}`, boundMs: 90_000 }, async () => {
      const status = await scene.status(namespace, name);
      const found = status?.conditions.find((condition) => condition.type === type);
      return found?.reason === reason && status !== null ? status : null;
    });
  /** @returns the message. */
  const stalled = async (namespace: string, name: string, reason: string): Promise<string> => {
    const status = await untilCondition(namespace, name, "Stalled", reason);
    return conditionOf(status, "Stalled").message ?? "";
  };
  const reads = async (since: number): Promise<string[]> =>
    (await vaultLog())
      .slice(since)
      .filter(({ displayName }) => displayName === "kubernetes-shop-signet-vault")
      .filter(({ operation, path }) => operation === "read" && path.startsWith("secret/data/"))
      .map(({ path }) => path);

  test("stand beside sealed ones, and templates take both", async () => {
    const sealed = await sealer.object({
      namespace: "shop",
      name: "db",
      items: { salt: "pepper" },
      template: { data: { url: "pg://{{ .user }}:{{ .password }}@db:{{ .port }}/{{ .salt }}" } },
    });
    const vaultItems = ["user", "password", "port"].map((field) => ({
      ...{ key: field, mount: "secret", path: "shop/db", field },
    }));
    const since = (await vaultLog()).length;
    await cluster.apply([{ ...sealed, spec: { ...specOf(sealed), vault: vaultItems } }]);
    const secret = await scene.untilSecret("shop", "db");
    assert.equal(item(secret, "url"), `pg://app:${passwords.one}@db:5432/pepper`);
    assert.equal(item(secret, "password"), passwords.one);
    const status = await scene.untilSynced("shop", "db", "True");
    assert.equal(conditionOf(status, "Ready").status, "True");
    const notes = await noted("shop", "db");
    assert.deepEqual(Object.keys(notes).sort(), ["password", "port", "user"]);
    assert.ok(isRecord(notes["password"]) && notes["password"]["version"] === 1);
    assert.deepEqual(await reads(since), ["secret/data/shop/db"], "one entry, one request");
  });

  test("come as each namespace's own ServiceAccount: Vault's policy keeps tenants apart", async () => {
    await put("bank", "own", [{ key: "password", path: "bank/db", field: "password" }]);
    await put("bank", "greedy", [{ key: "password", path: "shop/db", field: "password" }]);
    assert.equal(item(await scene.untilSecret("bank", "own"), "password"), passwords.other);
    assert.match(await stalled("bank", "greedy", "VaultForbidden"), /secret\/data\/shop\/db/);
    assert.equal(await scene.secret("bank", "greedy"), null);
    const names = (await vaultLog()).map(({ displayName }) => displayName);
    assert.ok(names.includes("kubernetes-bank-signet-vault"), "not as the controller");
  });

  test("what keeps one from being read is told, each by its own reason", async () => {
    await writeKv(vault, { path: "shop/gone" }, { a: "1" });
    await changeKvVersions(vault, "delete", { path: "shop/gone" }, [1]);
    await writeKv(vault, { path: "shop/burnt" }, { a: "1" });
    await changeKvVersions(vault, "destroy", { path: "shop/burnt" }, [1]);
    const at = (path: string, field = "a"): Reference[] => [{ key: "a", path, field }];
    await writeKv(vault, { path: "shop/plain" }, { a: "1" });
    await put("shop", "missing", at("shop/never"));
    await put("shop", "deleted", at("shop/gone"));
    await put("shop", "destroyed", at("shop/burnt"));
    await put("shop", "field", at("shop/plain", "nothing"));
    await put("shop", "mount", [{ key: "a", mount: "elsewhere", path: "x", field: "a" }]);
    await put("shop", "dots", at("shop/../bank/db"));
    await put("office", "account", at("office/db"));
    assert.match(await stalled("shop", "missing", "VaultSecretMissing"), /nothing was ever written/);
    assert.match(await stalled("shop", "deleted", "VaultSecretDeleted"), /version 1 was deleted.*undelete/);
    assert.match(await stalled("shop", "destroyed", "VaultVersionDestroyed"), /version 1 was destroyed/);
    assert.match(await stalled("shop", "field", "VaultFieldMissing"), /field "nothing" is not there/);
    assert.match(await stalled("shop", "mount", "VaultMountNotAllowed"), /--vault-kv-mounts/);
    assert.match(await stalled("shop", "dots", "MalformedSealedSecret"), /none of them '\.' or '\.\.'/);
    assert.match(
      await stalled("office", "account", "VaultAccountMissing"),
      /kubectl -n office create serviceaccount signet-vault/,
    );
    for (const name of ["missing", "deleted", "destroyed", "field", "mount", "dots"])
      assert.equal(await scene.secret("shop", name), null);
  });

  test("a namespace that the role does not name is told from one without the account", async () => {
    await cluster.apply([
      { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "signet-vault", namespace: "office" } },
    ]);
    const message = await stalled("office", "account", "VaultLoginRefused");
    assert.match(message, /the role is not for this namespace/);
  });

  test("a new version, and the end of the newest one, arrive by themselves; a version of one's own stays", async () => {
    await writeKv(vault, { path: "shop/live" }, { a: "first", b: "same" });
    await writeKv(vault, { path: "shop/dying" }, { a: "alive" });
    await put("shop", "live", [{ key: "a", path: "shop/live", field: "a" }]);
    await put("shop", "beside", [{ key: "b", path: "shop/live", field: "b" }]);
    await put("shop", "pinned", [{ key: "a", path: "shop/live", field: "a", version: 1 }]);
    await put("shop", "dying", [{ key: "a", path: "shop/dying", field: "a" }]);
    for (const name of ["live", "beside", "pinned", "dying"]) {
      await scene.untilSynced("shop", name, "True");
      await scene.untilEvent("shop", name, "Unsealed");
    }
    const before = await scene.secret("shop", "beside");
    const [live, beside] = [await noted("shop", "live"), await noted("shop", "beside")];
    const told = async () =>
      (await scene.events("shop", "live"))
        .filter(({ reason }) => reason === "Unsealed")
        .reduce((sum, { count }) => sum + count, 0);
    const toldBefore = await told();
    const since = (await vaultLog()).length;
    await writeKv(vault, { path: "shop/live" }, { a: passwords.two, b: "same" });
    await changeKvVersions(vault, "delete", { path: "shop/dying" }, [1]);
    await scene.untilSecret("shop", "live", (secret) => item(secret, "a") === passwords.two);
    await stalled("shop", "dying", "VaultSecretDeleted");
    const dying = await scene.secret("shop", "dying");
    assert.ok(dying !== null && item(dying, "a") === "alive", "nothing is lost");
    assert.ok(isRecord(live["a"]) && live["a"]["version"] === 1);
    const noticed = await waitUntil({ what: "version 2 to be noted", boundMs: 90_000 }, async () => {
      const now = (await noted("shop", "beside"))["b"];
      return isRecord(now) && now["version"] === 2 ? now : null;
    });
    const was = beside["b"];
    assert.ok(isRecord(was) && noticed["lastSyncTime"] === was["lastSyncTime"], "its value was not written");
    assert.equal(
      (await scene.secret("shop", "beside"))?.metadata["resourceVersion"],
      before?.metadata["resourceVersion"],
    );
    const pinned = await scene.secret("shop", "pinned");
    assert.ok(pinned !== null && item(pinned, "a") === "first");
    await waitUntil({ what: "an event", boundMs: 90_000 }, async () =>
      (await told()) === toldBefore + 1 ? true : null,
    );
    // Only what changed was read.
    const read = await reads(since);
    assert.equal(read.filter((path) => path === "secret/data/shop/live").length, 2);
    assert.equal(read.filter((path) => path === "secret/data/shop/db").length, 0);
    await changeKvVersions(vault, "undelete", { path: "shop/dying" }, [1]);
    await scene.untilSynced("shop", "dying", "True");
  });

  test("nothing is read and nothing written as long as nothing changes", async () => {
    const version = async (): Promise<unknown> =>
      (await scene.sealedSecret("shop", "live"))?.metadata["resourceVersion"];
    const before = await version();
    const since = (await vaultLog()).length;
    const polls = async (): Promise<number> =>
      (await vaultLog()).slice(since).filter(({ path }) => path === "secret/metadata/shop/live").length;
    await waitUntil({ what: "two rounds of polls", boundMs: 90_000 }, async () =>
      (await polls()) >= 4 ? true : null,
    );
    assert.equal(await version(), before);
    assert.deepEqual(
      (await reads(since)).filter((path) => path === "secret/data/shop/live"),
      [],
    );
  });

  test("a sealed Vault passes: Synced stays, and all is well once it is unsealed", async () => {
    await vault.seal();
    const status = await untilCondition("shop", "live", "Reconciling", "KeyServiceUnavailable");
    assert.equal(conditionOf(status, "Synced").status, "True");
    assert.match(conditionOf(status, "Ready").message ?? "", /Vault is sealed/);
    assert.equal((await scene.secret("shop", "live")) === null, false);
    await vault.unseal();
    await untilCondition("shop", "live", "Ready", "Unsealed");
    await vault.kill();
    await untilCondition("shop", "live", "Reconciling", "KeyServiceUnavailable");
    await vault.restart();
    await untilCondition("shop", "live", "Ready", "Unsealed");
  });

  test("a controller that starts anew reads no values of what it finds in sync, and still notices what changes", async () => {
    for (const name of ["live", "beside", "pinned", "dying", "db"]) {
      await untilCondition("shop", name, "Ready", "Unsealed");
    }
    await controller.stop();
    const since = (await vaultLog()).length;
    const secret = await scene.secret("shop", "live");
    controller = await start();
    const polled = async (): Promise<boolean> =>
      (await vaultLog()).slice(since).some(({ path }) => path === "secret/metadata/shop/live");
    await waitUntil({ what: "a poll after the start", boundMs: 90_000 }, async () =>
      (await polled()) ? true : null,
    );
    const own = ["shop/live", "shop/dying", "shop/db"].map((path) => `secret/data/${path}`);
    assert.deepEqual(
      (await reads(since)).filter((path) => own.includes(path)),
      [],
    );
    assert.equal(
      (await scene.secret("shop", "live"))?.metadata["resourceVersion"],
      secret?.metadata["resourceVersion"],
    );
    await writeKv(vault, { path: "shop/live" }, { a: "third", b: "same" });
    await scene.untilSecret("shop", "live", (now) => item(now, "a") === "third");
  });

  test("an entry that is removed and written anew is noticed, though its version is 1 again, by a controller that starts anew, too", async () => {
    await writeKv(vault, { path: "shop/anew" }, { a: "leaked" });
    await put("shop", "anew", [{ key: "a", path: "shop/anew", field: "a" }]);
    await scene.untilSecret("shop", "anew", (secret) => item(secret, "a") === "leaked");
    await scene.untilSynced("shop", "anew", "True");
    const before = (await noted("shop", "anew"))["a"];
    await removeKv(vault, { path: "shop/anew" });
    assert.equal(await writeKv(vault, { path: "shop/anew" }, { a: "fresh" }), 1);
    await scene.untilSecret("shop", "anew", (secret) => item(secret, "a") === "fresh");
    const noticed = await waitUntil({ what: "the new entry to be noted", boundMs: 90_000 }, async () => {
      const now = (await noted("shop", "anew"))["a"];
      const [was, is] = [before, now].map((one) => (isRecord(one) ? one["createdTime"] : undefined));
      return is !== was && isRecord(now) ? now : null;
    });
    assert.equal(noticed["version"], 1);
    await untilCondition("shop", "anew", "Ready", "Unsealed");
    await controller.stop();
    await removeKv(vault, { path: "shop/anew" });
    await writeKv(vault, { path: "shop/anew" }, { a: "third" });
    controller = await start();
    await scene.untilSecret("shop", "anew", (secret) => item(secret, "a") === "third");
  });

  test("versions that somebody else writes into a status count for nothing", async () => {
    await untilCondition("shop", "live", "Ready", "Unsealed");
    await controller.stop();
    await writeKv(vault, { path: "shop/live" }, { a: "fourth", b: "same" });
    const path = `${sealedPath("shop", "live")}/status`;
    const createdTime = await timeOf("shop/live", 4);
    const vaultNotes = { items: { a: { version: 4, createdTime, lastSyncTime: "2030-01-01T00:00:00Z" } } };
    const patch = JSON.stringify({ status: { vault: vaultNotes } });
    const answer = await cluster.request("PATCH", path, patch, {
      contentType: "application/merge-patch+json",
    });
    assert.equal(answer.status, 200);
    controller = await start();
    await scene.untilSecret("shop", "live", (now) => item(now, "a") === "fourth");
  });

  test("an audience that the API server accepts is refused at the start", async () => {
    const wrong = flags.filter((flag) => !flag.startsWith("--vault-kv-audience"));
    const issuer = await apiAudience(cluster);
    await assert.rejects(
      startSignetController({
        controlPlane: cluster,
        install: false,
        expose: false,
        flags: [...wrong, `--vault-kv-audience=${issuer}`, "--leader-elect=false"],
      }),
      /--vault-kv-audience is an audience that the API server itself accepts/,
    );
  });

  test("the API server refused the controller nothing, and nobody was told a value", async () => {
    const events = await cluster.auditEvents();
    const user = `system:serviceaccount:${controllerNamespace}:${controllerName}`;
    const refused = events.filter((event) => event.user === user && event.decision === "forbid");
    assert.deepEqual(refused, []);
    const tokens = events.filter(({ subresource }) => subresource === "token");
    const asked = tokens.filter((event) => event.user === user).map(({ name }) => name);
    assert.deepEqual([...new Set(asked)], ["signet-vault"]);
    const unknown = events.filter(({ user: who, code }) => who === "" && code === 401);
    assert.ok(unknown.length > 0, "a token for Vault was presented to the API server, and refused");
    const objects = await Promise.all(
      ["shop", "bank", "office"].flatMap((namespace) =>
        [sealedPath(namespace), `/api/v1/namespaces/${namespace}/events`].map(async (path) =>
          listOf(cluster, path),
        ),
      ),
    );
    const metrics = await (await fetch(`${controller.metricsUrl}/metrics`)).text();
    assert.match(metrics, /signet_vault_kv_requests_total\{operation="login",outcome="ok"\} [1-9]/);
    for (const text of [controller.logs(), metrics, JSON.stringify(objects)])
      assert.doesNotMatch(text, /hvs\.|hvb\.|eyJ[A-Za-z0-9_-]+\.eyJ/, "a token of Vault or of an account");
    canaries.assertSilent([
      { where: "log", content: controller.logs() },
      { where: "metrics", content: metrics },
      ...objectEvidence("objects", objects.flat()),
    ]);
  });
});

/** Each namespace's account may read what lies below a folder of its name. */
async function allowOwnFolder(vault: VaultServer): Promise<void> {
  const auth = await succeed(vault.request, "GET", "sys/auth");
  const mounts = isRecord(auth) && isRecord(auth["data"]) ? auth["data"] : {};
  const kubernetes = mounts["kubernetes/"];
  const accessor = isRecord(kubernetes) ? String(kubernetes["accessor"]) : "";
  const namespace = `{{identity.entity.aliases.${accessor}.metadata.service_account_namespace}}`;
  const policy = ["data", "metadata"]
    .map((part) => `path "secret/${part}/${namespace}/*" { capabilities = ["read"] }`)
    .join("\n");
  await succeed(vault.request, "PUT", "sys/policies/acl/own-folder", { policy });
}

function specOf(object: KubeObject): Record<string, unknown> {
  return isRecord(object["spec"]) ? object["spec"] : {};
}

async function listOf(cluster: ControlPlane, path: string): Promise<KubeObject[]> {
  const { body } = await cluster.request("GET", path);
  const items = isRecord(body) && Array.isArray(body["items"]) ? body["items"] : [];
  return items.map((one) => one as KubeObject);
}

/** An audience of the tokens that the API server itself takes. */
async function apiAudience(cluster: ControlPlane): Promise<string> {
  const token = await cluster.tokenFor({
    serviceAccount: { namespace: controllerNamespace, name: controllerName },
  });
  const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  const audiences = isRecord(claims) && Array.isArray(claims["aud"]) ? claims["aud"] : [];
  return String(audiences[0]);
}

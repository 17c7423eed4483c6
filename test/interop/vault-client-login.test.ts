import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { connectKv } from "../../shared/vault/kv.ts";
import { connectVault, type VaultClient } from "../../shared/vault/vault-client.ts";
import { type LoginEvent, openVaultSession, type VaultSession } from "../../shared/vault/vault-session.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { isRecord } from "../support/control-plane/kube-object.ts";
import { requestServiceAccountToken } from "../support/control-plane/service-account.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { enableKv, writeKv } from "../support/vault-engines.ts";
import { enableKubernetesAuth, writeKubernetesRole, writePolicy } from "../support/vault-kubernetes-auth.ts";
import { succeed } from "../support/vault-request.ts";
import { startVault, type VaultServer } from "../support/vault-server.ts";

const audience = "vault.example.org";
const mount = "clusters/one";
const at = { mount: "secret", path: "shop/db" };

suite("sessions of ServiceAccounts with a real Vault", () => {
  let cluster: ControlPlane;
  let vault: VaultServer;
  let client: VaultClient;

  before(async () => {
    [cluster, vault] = await Promise.all([startControlPlane(), startVault()]);
    client = connectVault({ address: vault.address });
    await enableKv(vault);
    await writeKv(vault, at, { password: "one" });
    await writePolicy(vault, "shop", { "secret/data/shop/*": ["read"] });
    await enableKubernetesAuth(vault, cluster, mount);
    await role("shop", {});
    await role("short", { tokenTtl: 3, tokenMaxTtl: 6 });
  });
  after(async () => {
    await client?.close();
    await vault?.stop();
    await cluster?.stop();
  });

  const role = (name: string, ttl: { tokenTtl?: number; tokenMaxTtl?: number }) =>
    writeKubernetesRole(vault, {
      mount,
      name,
      serviceAccounts: ["signet-vault"],
      namespaces: ["shop"],
      audience,
      policies: ["shop"],
      ...ttl,
    });
  const tokenOf = (namespace: string, name = "signet-vault", audiences = [audience]) =>
    requestServiceAccountToken(cluster.request, { namespace, name }, audiences);
  const open = (
    name: string,
    jwt: () => Promise<string>,
    onLogin: (event: LoginEvent) => void = () => undefined,
  ): VaultSession => openVaultSession(client, { kind: "kubernetes", mount, role: name, jwt }, { onLogin });
  const reads = async (session: VaultSession): Promise<string | null> => {
    const read = await connectKv(session).readSecret(at, {});
    return read.kind === "found" ? (read.fields.get("password")?.text ?? null) : null;
  };

  test("a ServiceAccount reads what its role allows, and its token is given back at the end", async () => {
    const session = open("shop", () => tokenOf("shop"));
    assert.equal(await reads(session), "one");
    const lookup = await session.request({ method: "GET", path: ["auth", "token", "lookup-self"] });
    const accessor = isRecord(lookup.body?.["data"]) ? lookup.body["data"]["accessor"] : undefined;
    const known = async () =>
      (await vault.request("POST", "auth/token/lookup-accessor", { accessor })).status;
    assert.equal(await known(), 200);
    await session.close();
    assert.notEqual(await known(), 200);
  });

  test("refused logins are told apart", async () => {
    for (const [name, jwt, says] of [
      ["none", () => tokenOf("shop"), /there is no such role/],
      ["shop", () => tokenOf("bank"), /not for this namespace/],
      ["shop", () => tokenOf("shop", "other"), /not for a ServiceAccount of this name/],
      ["shop", () => tokenOf("shop", "signet-vault", ["other.example.org"]), /another audience/],
      ["shop", async () => "no.jwt.atall", /refused|does not accept|failed/],
      ["shop", () => Promise.reject(new Error("canary")), /unexpected error/],
    ] as const) {
      const session = open(name, jwt);
      const error = await reads(session).catch((reason: unknown) => reason);
      assert.ok(error instanceof KeyServiceError, String(error));
      assert.match(error.message, says);
      assert.ok(error.retryable);
      await session.close();
    }
    const elsewhere = openVaultSession(client, {
      kind: "kubernetes",
      mount: "nowhere",
      role: "shop",
      jwt: () => tokenOf("shop"),
    });
    await assert.rejects(reads(elsewhere), /no auth method is mounted|does not accept/);
  });

  test("a token that lives for seconds is renewed, and replaced when it can live no longer", async () => {
    const events: LoginEvent[] = [];
    const session = open(
      "short",
      () => tokenOf("shop"),
      (event) => events.push(event),
    );
    const startedAt = performance.now();
    const count = (wanted: LoginEvent) => events.filter((event) => event === wanted).length;
    const read = new Set<unknown>();
    await waitUntil({ what: "logins and renewals", everyMs: 200 }, async () => {
      read.add(await reads(session).catch(String));
      return count("logged-in") >= 2 && count("renewed") >= 2 ? true : null;
    });
    await session.close();
    assert.deepEqual(read, new Set(["one"]));
    // Not one for each read: a token is good for two seconds at least, however late its renewal comes.
    const seconds = (performance.now() - startedAt) / 1000;
    assert.ok(count("logged-in") <= 2 + seconds / 2, events.join());
    assert.ok(!events.includes("login-failed"), events.join());
  });

  test("a token that somebody revoked is replaced by one login, however many notice", async () => {
    const events: LoginEvent[] = [];
    const session = open(
      "shop",
      () => tokenOf("shop"),
      (event) => events.push(event),
    );
    await reads(session);
    const lookup = await session.request({ method: "GET", path: ["auth", "token", "lookup-self"] });
    const accessor = isRecord(lookup.body?.["data"]) ? lookup.body["data"]["accessor"] : undefined;
    await succeed(vault.request, "POST", "auth/token/revoke-accessor", { accessor });
    await waitUntil({ what: "the token to be revoked" }, async () => {
      const { status } = await vault.request("POST", "auth/token/lookup-accessor", { accessor });
      return status === 200 ? null : true;
    });
    // One that is refused as soon as it was given is not asked for again.
    await sleep(1000);
    const all = await Promise.all(Array.from({ length: 20 }, () => reads(session)));
    assert.deepEqual(new Set(all), new Set(["one"]));
    assert.deepEqual(events, ["logged-in", "logged-in"]);
    await session.close();
  });

  test("a session outlives a Vault that was sealed, and one that was killed and started anew", async () => {
    const session = open("shop", () => tokenOf("shop"));
    assert.equal(await reads(session), "one");
    await vault.seal();
    await assert.rejects(reads(session), /Vault is sealed/);
    await vault.unseal();
    assert.equal(await reads(session), "one");
    await vault.kill();
    await assert.rejects(reads(session), KeyServiceError);
    await vault.restart();
    assert.equal(await reads(session), "one");
    await session.close();
  });
});

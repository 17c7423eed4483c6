import assert from "node:assert/strict";
import { afterEach, beforeEach, suite, test } from "node:test";
import {
  type FakeVault,
  proxyPage,
  startFakeVault,
  vaultDenied,
  vaultRateLimit,
  vaultRefusal,
  vaultSealed,
} from "./fake-vault.ts";
import { makeVaultRequest, type VaultRequest } from "./vault-request.ts";

suite("a fake Vault", () => {
  const opened: (() => unknown)[] = [];
  let vault: FakeVault;
  let request: VaultRequest;

  const open = async (options: Parameters<typeof startFakeVault>[0]): Promise<FakeVault> => {
    const started = await startFakeVault(options);
    opened.push(started.close);
    return started;
  };
  const clientOf = ({ address, ca }: FakeVault): VaultRequest => {
    const client = makeVaultRequest({ address, ca, token: () => "the-token" });
    opened.push(client.close);
    return client.request;
  };

  beforeEach(async () => {
    vault = await open({});
    request = clientOf(vault);
  });
  afterEach(async () => {
    for (const close of opened.splice(0).toReversed()) await close();
  });

  test("it gives the answers it is told to, and 404 for the rest", async () => {
    vault.answer(({ method, path, body, token }) =>
      path === "transit/decrypt/app" ? { status: 200, body: { data: { method, body, token } } } : null,
    );
    const { status, body } = await request("POST", "transit/decrypt/app", { ciphertext: "vault:v1:" });
    assert.equal(status, 200);
    const data = { method: "POST", body: { ciphertext: "vault:v1:" }, token: "the-token" };
    assert.deepEqual(body, { data });
    assert.deepEqual(await request("GET", "transit/keys/app").then(({ status, body }) => [status, body]), [
      404,
      { errors: [] },
    ]);
    assert.deepEqual(
      vault.calls.map(({ outcome }) => outcome),
      [200, 404],
    );
  });

  test("it notes what was asked and whether a token came, never the token", async () => {
    await request("GET", "secret/metadata/a%20b?list=true");
    await request("GET", "sys/health", undefined, null);
    await request("GET", "sys/health", undefined, "other-token");
    await fetch(`${vault.address}/v2/x`, {
      headers: { "x-vault-namespace": "team", "x-vault-request": "true" },
    });
    const [first, none, other, plain] = vault.calls;
    assert.deepEqual([first?.method, first?.path], ["GET", "secret/metadata/a%20b?list=true"]);
    assert.match(first?.token ?? "", /^[0-9a-f]{8}$/);
    assert.equal(none?.token, null);
    assert.notEqual(other?.token, first?.token);
    assert.deepEqual([plain?.path, plain?.namespace, plain?.vaultRequest], ["/v2/x", "team", true]);
    assert.deepEqual([first?.namespace, first?.vaultRequest], [null, false]);
    assert.doesNotMatch(JSON.stringify(vault.calls), /the-token|other-token/);
    assert.deepEqual([vault.count(), vault.count("GET sys/health"), vault.count("PUT")], [4, 2, 0]);
  });

  test("denied once, it answers again", async () => {
    vault.answer(() => ({ status: 200, body: { data: {} } }));
    vault.inject(vaultDenied, { times: 1, of: "transit/" });
    assert.equal((await request("GET", "sys/health")).status, 200);
    const denied = await request("POST", "transit/decrypt/app", {});
    assert.deepEqual([denied.status, denied.body], [403, { errors: ["permission denied"] }]);
    assert.equal((await request("POST", "transit/decrypt/app", {})).status, 200);
    assert.deepEqual(
      vault.calls.map(({ outcome }) => outcome),
      [200, 403, 200],
    );
  });

  test("over its quota, sealed, failing, behind a proxy: each as it looks", async () => {
    vault.inject(vaultRateLimit("7"), { times: 1 });
    vault.inject(vaultSealed, { times: 1 });
    vault.inject(vaultRefusal(500), { times: 1 });
    const limited = await request("GET", "a");
    assert.deepEqual([limited.status, limited.headers["retry-after"]], [429, "7"]);
    assert.deepEqual((await request("GET", "a")).body, { errors: ["Vault is sealed"] });
    assert.match(JSON.stringify((await request("GET", "a")).body), /canary-of-vault/);
    vault.inject(proxyPage(502));
    const page = await fetch(`${vault.address}/v1/a`);
    assert.deepEqual([page.status, page.headers.get("content-type")], [502, "text/html"]);
    assert.match(await page.text(), /^<html>.*canary-of-proxy/);
  });

  test("a client that follows a redirect with its token is found out", async () => {
    const other = await open({ tls: true });
    vault.inject({ kind: "redirect", status: 307, to: other.address }, { times: 1 });
    const sent = await request("POST", "transit/decrypt/app", {});
    assert.equal(sent.headers["location"], `${other.address}/v1/transit/decrypt/app`);
    assert.equal(vault.calls[0]?.outcome, 307);
    assert.equal(other.count(), 0);
    await clientOf(other)("POST", "transit/decrypt/app", {});
    assert.deepEqual(
      other.calls.map(({ path, token }) => [path, token !== null]),
      [["transit/decrypt/app", true]],
    );
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { AudienceGuard } from "../../../controller/vault-kv/audience-guard.ts";
import { VaultReferenceError } from "../../../controller/vault-kv/reference-error.ts";
import { openTenant } from "../../../controller/vault-kv/tenant-session.ts";
import { KubeApiError } from "../../../shared/kube/api-error.ts";
import type { KubeClient } from "../../../shared/kube/client.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { accountToken, MemoryVault } from "./memory-vault.ts";

const MINUTE = 60_000;

/** A namespace's session with a Vault that renews its tokens for hours. */
function scene() {
  const [clock, vault] = [new FakeClock(), new MemoryVault()];
  const account = { isThere: true, asked: 0 };
  const unasked = () => assert.fail("not expected to be asked for");
  const client: KubeClient = {
    ...{ server: "https://cluster", namespace: null, raw: unasked, watch: unasked },
    async request() {
      account.asked += 1;
      if (account.isThere) return { metadata: {}, status: { token: accountToken("team") } };
      throw new KubeApiError({
        ...{ request: "POST token", status: 404, reason: "NotFound" },
        ...{ retryAfterSeconds: null, fields: [] },
      });
    },
    close: async () => undefined,
  };
  const refusing: KubeClient = {
    ...client,
    raw: async () => ({ status: 401, body: new Uint8Array(), contentType: "", retryAfterSeconds: null }),
  };
  const tenant = openTenant({
    namespace: "team",
    settings: {
      ...{ mounts: ["kv"], role: "tenants", authMount: "kubernetes", audience: "vault" },
      ...{ refreshMs: MINUTE, address: vault.address, vaultNamespace: "" },
    },
    ...{ connection: vault, client, clock },
    guard: new AudienceGuard({ withToken: () => refusing }, () => clock.monotonic()),
    metrics: { countVaultKvRequest: () => undefined },
  });
  vault.kv.write("kv/db", { a: "1" });
  const read = async () => (await tenant.readSecret({ mount: "kv", path: "db" }, {})).kind;
  return { clock, vault, account, read };
}

test("a namespace's account that is gone reads nothing ten minutes later, and its token is given back", async () => {
  const { clock, vault, account, read } = scene();
  assert.equal(await read(), "found");
  account.isThere = false;
  await clock.advance(9 * MINUTE);
  assert.equal(await read(), "found");
  await clock.advance(MINUTE + 1000);
  await assert.rejects(
    read(),
    (error: unknown) => error instanceof VaultReferenceError && error.reason === "VaultAccountMissing",
  );
  assert.equal(vault.count("revoke-self as team"), 1);
  assert.equal(vault.count("GET kv/data/db"), 2);
});

test("an account that stands logs in anew within ten minutes, with a new token of its own", async () => {
  const { clock, vault, account, read } = scene();
  for (let minute = 0; minute < 60; minute++) {
    assert.equal(await read(), "found");
    await clock.advance(MINUTE);
  }
  const logins = vault.count("login");
  assert.ok(logins >= 8 && logins <= 11, `${logins}`);
  assert.equal(account.asked, logins);
  assert.equal(vault.count("revoke-self as team"), logins - 1);
});

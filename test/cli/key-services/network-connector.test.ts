import assert from "node:assert/strict";
import { test } from "node:test";
import { networkConnector } from "../../../cli/key-services/network-connector.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { startFakeVault } from "../../support/fake-vault.ts";
import { memoryIo } from "../../support/memory-io.ts";

test("a Vault whose certificate is not trusted has the flag and the variable named that change it", async (context) => {
  const vault = await startFakeVault({ tls: true });
  context.after(() => vault.close());
  const { io } = memoryIo([]);
  const silent = { shown: false, note: () => undefined, warn: () => undefined };
  const connector = networkConnector(io, silent);
  const access = { address: vault.address, namespace: "", ca: null, token: "s.token" };
  const { api, close } = await connector.transit(access);
  const asked = api.describeKey({ mount: "transit", key: "app" }, new AbortController().signal);
  await assert.rejects(asked, (error) => {
    assert.ok(error instanceof KeyServiceError);
    assert.match(error.hint, /with --vault-ca-cert FILE \(or VAULT_CACERT\)$/);
    return true;
  });
  await close();
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { networkConnector } from "../../../cli/key-services/network-connector.ts";
import { noticesOf } from "../../../cli/notices.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { useAwsEnvironment } from "../../shared/aws/aws-environment.ts";
import { startFakeVault } from "../../support/fake-vault.ts";
import { memoryIo } from "../../support/memory-io.ts";
import { keyArn } from "../../support/memory-kms.ts";

test("a Vault whose certificate is not trusted has the flag and the variable named that change it", async (context) => {
  const vault = await startFakeVault({ tls: true });
  context.after(() => vault.close());
  const { io } = memoryIo([]);
  const nothing = () => undefined;
  const silent = { shown: false, note: nothing, warn: nothing, alert: nothing };
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

test("an endpoint of AWS without TLS is told on standard error, whether that is a terminal or not", async () => {
  useAwsEnvironment({
    AWS_ENDPOINT_URL: "http://kms.example",
    AWS_ACCESS_KEY_ID: "x",
    AWS_SECRET_ACCESS_KEY: "y",
  });
  const { io, left } = memoryIo([], { env: { HTTP_PROXY: "http://127.0.0.1:1" } });
  const { api, close } = await networkConnector(io, noticesOf(io, { verbose: false, v: 0 })).kms();
  const asked = api.generateDataKey(keyArn("app"), {}, new AbortController().signal);
  await assert.rejects(asked, { fault: "unavailable" });
  await close();
  assert.equal(
    left(0).stderr,
    "warning: AWS is asked at http://kms.example: data keys and values can be read on their way\n",
  );
});

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { testSealer } from "../support/in-process-sealing.ts";
import { runInMemory } from "../support/memory-io.ts";
import { startStubApiServer } from "../support/stub-api-server.ts";
import { testCertificate } from "../support/test-certificates.ts";

const { certificatePem, privateKeyPem } = testCertificate();
const sealer = await testSealer(certificatePem);
const sealed = await sealer.object({ name: "db", namespace: "team-a", items: { password: "hunter2" } });
const files = { "key.pem": privateKeyPem, "sealed.json": JSON.stringify(sealed) };

suite("kubeseal's variables and commands that kubeseal has not", () => {
  const set = {
    SEALED_SECRETS_NAMESPACE: "team-b",
    SEALED_SECRETS_NAME: "other",
    SEALED_SECRETS_SCOPE: "cluster-wide",
    SEALED_SECRETS_FORMAT: "yaml",
    SEALED_SECRETS_RAW: "true",
    SEALED_SECRETS_SEALED_SECRET_FILE: "out.yaml",
  };

  test("unseal goes by its own flags alone", async () => {
    const args = ["unseal", "--key", "key.pem", "sealed.json"];
    const plain = await runInMemory(args, { files });
    const run = await runInMemory(args, { files, env: set });
    assert.equal(plain.code, 0);
    assert.deepEqual(run, plain);
  });

  test("explain, too, but for the cluster's flags, which mean the same there", async () => {
    const { SEALED_SECRETS_NAMESPACE: _, ...others } = set;
    const args = ["explain", "--key", "key.pem", "sealed.json"];
    const plain = await runInMemory(args, { files });
    const run = await runInMemory(args, { files, env: others });
    assert.equal(plain.code, 0);
    assert.deepEqual(run, plain);
    const server = await startStubApiServer([]);
    try {
      await runInMemory(["explain", "sealed.json"], { files, env: { SEALED_SECRETS_SERVER: server.url } });
      assert.ok(server.requests.length > 0, "the server of the variable was asked");
    } finally {
      await server.close();
    }
  });

  test("completion and help take nothing from them", async () => {
    for (const args of [["completion", "bash"], ["help"]]) {
      assert.equal((await runInMemory(args, { env: { ...set, SEALED_SECRETS_RAW: "maybe" } })).code, 0);
    }
  });
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { toYaml } from "../../../shared/document/to-yaml.ts";
import { isRecord } from "../../support/control-plane/kube-object.ts";
import { testSealer } from "../../support/in-process-sealing.ts";
import { runInMemory } from "../../support/memory-io.ts";
import { objectIn, objectsIn } from "../../support/sealed-secret-scene.ts";
import { readTestKey } from "../../support/vectors.ts";

const folder = join(import.meta.dirname, "../../../examples/argocd-plugin");
const key = readTestKey("2048");
const sealer = await testSealer(key.certificatePem);

function read(name: string): Record<string, unknown> {
  return objectIn(readFileSync(join(folder, name), "utf8"));
}

/** What the plugin of the documentation does in the folder of an Application. */
async function generate(namespace: string, files: Record<string, string>) {
  const { generate: command } = read("plugin.yaml")["spec"] as {
    generate: { command: string[]; args: string[] };
  };
  assert.deepEqual(command.command, ["/usr/local/bin/signet"]);
  const env = {
    ARGOCD_APP_NAME: "app",
    ARGOCD_APP_NAMESPACE: namespace,
    ARGOCD_ENV_NAMESPACE: "attic",
    PARAM_NAMESPACE: "attic",
  };
  return runInMemory(command.args, { env, files: { "/etc/signet/keys/k.pem": key.privatePem, ...files } });
}

test("the plugin of the documentation renders its Application's folder, for its namespace alone", async () => {
  const db = toYaml(await sealer.object({ namespace: "shop", name: "db", items: { a: "hunter2" } }));
  const web = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n";
  const run = await generate("shop", { "db.yaml": db, "deep/web.yaml": web });
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(
    objectsIn(run.stdout).map(({ kind }) => kind),
    ["Secret", "ConfigMap"],
  );
  const other = await generate("attic", { "db.yaml": db });
  assert.deepEqual([other.code, other.stdout], [1, ""]);
  const foreign = await generate("shop", { "db.yaml": db.replace(/namespace: .*/, "namespace: attic") });
  assert.deepEqual([foreign.code, foreign.stdout], [1, ""]);
});

test("its sidecar mounts what the plugin reads", () => {
  const text = JSON.stringify(read("repo-server-patch.yaml"));
  const mounts = [...text.matchAll(/"mountPath":"([^"]+)"/g)].map(([, path]) => path);
  assert.ok(mounts.includes("/home/argocd/cmp-server/config/plugin.yaml"));
  const { spec } = read("plugin.yaml");
  const key = /--key=([^"]+)"/.exec(JSON.stringify(isRecord(spec) ? spec["generate"] : null))?.[1];
  assert.ok(mounts.includes(key), key);
});

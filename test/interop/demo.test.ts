import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { startControlPlane } from "../support/control-plane/control-plane.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";

const demo = join(import.meta.dirname, "..", "..", "demo", "demo.ts");
const namespaces = "/api/v1/namespaces";
const definition = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sealedsecrets.bitnami.com";

test("the demo runs on a real cluster in a namespace of its own and cleans up", {
  timeout: 280_000,
}, async (t) => {
  const cluster = await startControlPlane({ controllerManager: true });
  t.after(() => cluster.stop());
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [demo, "--kubeconfig", cluster.adminKubeconfig],
    { encoding: "utf8" },
  );
  assert.equal(status, 0, stderr);
  const namespace = /namespace (signet-demo-[0-9a-f]{6})\./.exec(stdout)?.[1];
  assert.ok(namespace, "the demo names its namespace");
  assert.match(stdout, /password: correct horse battery staple/);
  assert.match(stdout, new RegExp(`sealed for ${namespace}/database, not for ${namespace}/stolen`));
  await waitUntil({ what: "the end of the demo's namespace" }, async () => {
    const { status: found } = await cluster.request("GET", `${namespaces}/${namespace}`);
    return found === 404 ? true : null;
  });
  await waitUntil({ what: "the end of the definition that the demo brought" }, async () => {
    const { status: found } = await cluster.request("GET", definition);
    return found === 404 ? true : null;
  });
});

import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { isRecord, type KubeObject } from "../support/control-plane/kube-object.ts";
import { readObjects, sealedSecretDefinitionFile } from "../support/control-plane/object-files.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { base64, type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { conditionOf, type Scene, sceneOf, sealedPath } from "../support/sealed-secret-scene.ts";
import { type SignetController, startSignetController } from "../support/signet-controller.ts";

requireNetbox();

const table = coverageTable({
  told: "a malformed object gets a condition and an event that name the field",
  others: "all others are served, before and after",
  restart: "a start with malformed objects in the cluster is like any other",
  mended: "once mended it is served",
  stricter: "under a definition that refuses its status, it hinders nobody",
});

const malformed: { name: string; object: Record<string, unknown>; says: RegExp }[] = [
  { name: "value-number", object: { spec: { encryptedData: { a: 1 } } }, says: /spec\.encryptedData\.a/ },
  {
    name: "value-map",
    object: { spec: { encryptedData: { a: { b: "c" } } } },
    says: /spec\.encryptedData\.a/,
  },
  { name: "values-list", object: { spec: { encryptedData: ["a"] } }, says: /spec\.encryptedData/ },
  { name: "values-text", object: { spec: { encryptedData: "a" } }, says: /spec\.encryptedData/ },
  { name: "values-missing", object: { spec: {} }, says: /spec\.encryptedData/ },
  { name: "spec-missing", object: {}, says: /spec/ },
  { name: "spec-list", object: { spec: [] }, says: /spec/ },
  {
    name: "label-number",
    object: { spec: { encryptedData: {}, template: { metadata: { labels: { a: 1 } } } } },
    says: /spec\.template\.metadata\.labels/,
  },
  {
    name: "template-text",
    object: { spec: { encryptedData: {}, template: "x" } },
    says: /spec\.template/,
  },
  {
    name: "immutable-text",
    object: { spec: { encryptedData: {}, template: { immutable: "yes" } } },
    says: /spec\.template\.immutable/,
  },
];

suite("a SealedSecret that is none", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let controller: SignetController;
  let sealer: TestSealer;

  before(async () => {
    cluster = await startInstalledCluster();
    scene = sceneOf(cluster);
    controller = await startSignetController({ controlPlane: cluster });
    sealer = await testSealer(await (await fetch(`${controller.url}/v1/cert.pem`)).text());
    await cluster.apply([await sealer.object({ name: "before", items: { a: "1" } })]);
    await scene.untilSynced("default", "before", "True");
    await cluster.apply([withoutSchema(await definition())]);
    const probe = { ...object("probe", { spec: { encryptedData: [1] } }) };
    await waitUntil({ what: "the looser definition" }, async () => {
      const { status } = await cluster.request("POST", `${sealedPath("default")}?dryRun=All`, probe);
      return status === 201 ? true : null;
    });
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  for (const { name, object: content, says } of malformed) {
    table.proves("told", `${name} is told in its status`, async () => {
      await cluster.apply([object(name, content)]);
      const status = await scene.untilSynced("default", name, "False");
      const { reason, message } = conditionOf(status, "Synced");
      assert.equal(reason, "MalformedSealedSecret");
      assert.match(message ?? "", says);
      assert.equal(conditionOf(status, "Stalled").status, "True");
      await scene.untilEvent("default", name, "ErrUnsealFailed", says);
      assert.equal(await scene.secret("default", name), null);
    });
  }

  table.proves("others", "others are served all the while", async () => {
    await assertServed("after");
    await cluster.apply([await sealer.object({ name: "before", items: { a: "changed" } })]);
    await scene.untilSecret("default", "before", ({ data }) => data?.["a"] === base64("changed"));
  });

  table.proves("restart", "a start with malformed objects in the cluster", async () => {
    await controller.stop();
    controller = await startSignetController({ controlPlane: cluster, install: false });
    await assertServed("after-restart");
    for (const { name } of malformed) await scene.untilSynced("default", name, "False");
  });

  table.proves("mended", "once mended it is served", async () => {
    await cluster.apply([await sealer.object({ name: "value-number", items: { a: "1" } })]);
    await scene.untilSynced("default", "value-number", "True");
    assert.deepEqual((await scene.untilSecret("default", "value-number")).data, { a: base64("1") });
  });

  table.proves("stricter", "where its status cannot be written, others are served", async () => {
    await controller.stop();
    await cluster.apply([object("untold", { spec: { encryptedData: ["x"] } })]);
    await cluster.apply([await definition()]);
    await waitUntil({ what: "the strict definition" }, async () => {
      const { status } = await cluster.request(
        "POST",
        `${sealedPath("default")}?dryRun=All`,
        object("probe", { spec: { encryptedData: [1] } }),
      );
      return status === 422 ? true : null;
    });
    controller = await startSignetController({ controlPlane: cluster, install: false });
    await assertServed("beside-untold");
    await scene.untilEvent("default", "untold", "ErrUnsealFailed");
    assert.equal(controller.process.hasEnded(), false);
    assert.equal(await scene.secret("default", "untold"), null);
  });

  table.everyRowHasATest();

  async function assertServed(name: string): Promise<void> {
    await cluster.apply([await sealer.object({ name, items: { a: name } })]);
    assert.deepEqual((await scene.untilSecret("default", name)).data, { a: base64(name) });
    await scene.untilSynced("default", name, "True");
  }
});

function object(name: string, content: Record<string, unknown>): KubeObject {
  const metadata = { namespace: "default", name };
  return { apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", metadata, ...content };
}

async function definition(): Promise<KubeObject> {
  const [found] = await readObjects(sealedSecretDefinitionFile);
  assert.ok(found !== undefined);
  return found;
}

/** The same resource under a definition that lets everything pass. */
function withoutSchema(definition: KubeObject): KubeObject {
  const { spec } = definition;
  assert.ok(isRecord(spec) && Array.isArray(spec["versions"]));
  const openAPIV3Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const versions = spec["versions"].map((version: unknown) => ({
    ...(isRecord(version) ? version : {}),
    schema: { openAPIV3Schema },
  }));
  return { ...definition, spec: { ...spec, versions } };
}

import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { base64, type SealedObject, type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { type Scene, sceneOf, sealedPath, secretPath } from "../support/sealed-secret-scene.ts";
import { type SignetController, startSignetController } from "../support/signet-controller.ts";

requireNetbox();

const table = coverageTable({
  "foreign-consents": "once the Secret in the way is marked as managed, it is adopted at once",
  deleted: "an owned Secret that is deleted comes back, is told by an event, again and again",
  "unowned-deleted": "so does one without an owner, by its mark",
  "both-deleted": "a Secret that is deleted with its SealedSecret stays away",
  drifted: "items, labels and annotations that others change are put right; an event tells it",
  "drift-kept": "signet.dev/drift: keep leaves changes alone, until the SealedSecret changes",
  "drift-metadata": "what is not ours to write is left alone",
});

const marks = {
  managed: { "sealedsecrets.bitnami.com/managed": "true" },
  unowned: { "sealedsecrets.bitnami.com/skip-set-owner-references": "true" },
};

suite("what others do to a Secret of ours", () => {
  let cluster: ControlPlane;
  let controller: SignetController;
  let scene: Scene;
  let sealer: TestSealer;

  before(async () => {
    cluster = await startInstalledCluster({ controllerManager: true });
    scene = sceneOf(cluster);
    controller = await startSignetController({ controlPlane: cluster });
    sealer = await testSealer(await (await fetch(`${controller.url}/v1/cert.pem`)).text());
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  table.proves("foreign-consents", "a Secret in the way that is marked later is adopted", async () => {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: "default", name: "consents" },
      data: { theirs: base64("theirs") },
    };
    await cluster.apply([secret]);
    await apply({ name: "consents", items: { foo: "bar" } });
    await scene.untilSynced("default", "consents", "False");
    await edit("consents", { metadata: { annotations: marks.managed } });
    const adopted = await scene.untilSecret("default", "consents", ({ data }) => data?.["foo"] !== undefined);
    assert.deepEqual(adopted.data, { foo: base64("bar") });
    await scene.untilSynced("default", "consents", "True");
  });

  for (const [row, annotations] of [
    ["deleted", {}],
    ["unowned-deleted", marks.unowned],
  ] as const) {
    table.proves(row, `a Secret that is deleted comes back: ${row}`, async () => {
      await apply({ name: row, items: { foo: "bar" }, template: { metadata: { annotations } } });
      await scene.untilSynced("default", row, "True");
      for (let round = 0; round < 3; round++) {
        const { metadata, data } = await scene.untilSecret("default", row);
        await scene.remove(secretPath("default", row));
        const next = await scene.untilSecret("default", row, (found) => found.metadata.uid !== metadata.uid);
        assert.deepEqual(next.data, data);
        assert.deepEqual(next.metadata.ownerReferences, metadata.ownerReferences);
      }
      await scene.untilEvent("default", row, "Repaired", /deleted by somebody else/);
    });
  }

  table.proves("both-deleted", "a Secret that is deleted with its SealedSecret stays away", async () => {
    const template = { metadata: { annotations: marks.unowned } };
    await apply({ name: "both-deleted", items: { foo: "bar" }, template });
    await scene.untilSynced("default", "both-deleted", "True");
    await scene.remove(sealedPath("default", "both-deleted"));
    await scene.remove(secretPath("default", "both-deleted"));
    await untilCollectorHasWorked("after-both-deleted");
    assert.equal(await scene.secret("default", "both-deleted"), null);
  });

  table.proves("drifted", "what others change in a Secret is put right", async () => {
    await apply({ name: "drifted", items: { foo: "bar" }, template: { metadata: { labels: { app: "a" } } } });
    await scene.untilSynced("default", "drifted", "True");
    const { metadata, data } = await scene.untilSecret("default", "drifted");
    for (const patch of [
      { data: { foo: base64("theirs") } },
      { data: { more: base64("theirs") } },
      { metadata: { labels: { app: "theirs" }, annotations: { theirs: "1" } } },
    ]) {
      const edited = await edit("drifted", patch);
      const after = await scene.untilSecret(
        "default",
        "drifted",
        (found) => found.metadata.resourceVersion !== edited,
      );
      assert.deepEqual(after.data, data);
      assert.deepEqual(after.metadata.labels, metadata.labels);
      assert.deepEqual(after.metadata.annotations, metadata.annotations);
      assert.equal(after.metadata.uid, metadata.uid);
    }
    await scene.untilEvent("default", "drifted", "Repaired", /changed by somebody else/);
  });

  table.proves(
    ["drift-kept", "drift-metadata"],
    "changes that are wanted, or none of ours, stay",
    async () => {
      const stored = await apply({ name: "drift-kept", items: { foo: "bar" } });
      await scene.untilSynced("default", "drift-kept", "True");
      await annotate(stored, { "signet.dev/drift": "keep" });
      await apply({ name: "drift-metadata", items: { foo: "bar" } });
      await scene.untilSynced("default", "drift-metadata", "True");
      const before = await scene.untilSecret("default", "drift-metadata");
      await untilCollectorHasWorked("after-synced");
      await edit("drift-kept", { data: { foo: base64("theirs") } });
      const edited = await edit("drift-metadata", { metadata: { finalizers: ["example.org/wait"] } });
      await untilCollectorHasWorked("after-kept");
      assert.deepEqual((await scene.untilSecret("default", "drift-kept")).data, { foo: base64("theirs") });
      const after = await scene.untilSecret("default", "drift-metadata");
      assert.equal(after.metadata.resourceVersion, edited);
      assert.deepEqual(after.data, before.data);
      await edit("drift-metadata", { metadata: { finalizers: null } });
      await annotate(stored, {});
      await scene.untilSecret("default", "drift-kept", (found) => found.data?.["foo"] === base64("bar"));
    },
  );

  table.everyRowHasATest();

  async function apply(content: SealedObject): Promise<KubeObject> {
    const [stored] = await cluster.apply([await sealer.object(content)]);
    assert.ok(stored !== undefined);
    return stored;
  }

  /** Gives a SealedSecret these annotations and no others. */
  async function annotate(
    { apiVersion, kind, metadata, spec }: KubeObject,
    annotations: Record<string, string>,
  ): Promise<void> {
    const { name, namespace = "default" } = metadata;
    await cluster.apply([{ apiVersion, kind, metadata: { name, namespace, annotations }, spec }]);
  }

  /** Changes a Secret by a merge patch, as somebody else. @returns the resourceVersion it then has. */
  async function edit(name: string, patch: object): Promise<string> {
    const { status, body } = await cluster.request("PATCH", secretPath("default", name), patch, {
      contentType: "application/merge-patch+json",
    });
    assert.equal(status, 200, JSON.stringify(body));
    return (body as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
  }

  /** Another object's Secret has come and been collected since: what the controllers would do, they have done. */
  async function untilCollectorHasWorked(name: string): Promise<void> {
    await apply({ name, items: { foo: "bar" } });
    await scene.untilSecret("default", name);
    await scene.remove(sealedPath("default", name));
    await scene.untilNoSecret("default", name);
  }
});

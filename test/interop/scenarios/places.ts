import assert from "node:assert/strict";
import { base64 } from "../../support/in-process-sealing.ts";
import { conditionOf, type SceneSecret, sealedPath, secretPath } from "../../support/sealed-secret-scene.ts";
import { deleteSecret, type Scenarios } from "./stage.ts";

const copies = [
  { rows: ["18", "19"], how: "renamed", scope: "strict", opens: false },
  { rows: ["20", "21"], how: "moved", scope: "strict", opens: false },
  { rows: ["22"], how: "renamed", scope: "cluster-wide", opens: true },
  { rows: ["23"], how: "moved", scope: "cluster-wide", opens: true },
  { rows: ["24 renamed"], how: "renamed", scope: "namespace-wide", opens: true },
  { rows: ["24 moved"], how: "moved", scope: "namespace-wide", opens: false },
] as const;

/** Where a SealedSecret stands, and where it was sealed for. */
export const places: Scenarios = (table, stage) => {
  for (const { rows, how, scope, opens } of copies) {
    table.proves(rows, `${scope}, ${how}: ${opens ? "opens" : "refused"}`, async () => {
      const { scene, home, move, apply, cluster } = stage();
      const name = `${scope}-${how}`;
      const { from, to } = how === "moved" ? move : { from: home, to: home };
      const original = await apply({ namespace: from, name, scope, items: { foo: "bar" } });
      const place = how === "moved" ? { namespace: to, name } : { namespace: to, name: `other-${name}` };
      const { apiVersion, kind, metadata, spec } = original;
      const { annotations } = metadata;
      await cluster.apply([{ apiVersion, kind, metadata: { ...place, annotations }, spec }]);
      if (opens) {
        const secret = await scene.untilSecret(place.namespace, place.name);
        assert.deepEqual(secret.data, { foo: base64("bar") });
        await scene.untilSynced(place.namespace, place.name, "True");
        return;
      }
      const status = await scene.untilSynced(place.namespace, place.name, "False");
      assert.equal(conditionOf(status, "Synced").reason, "UnsealFailed");
      const words = /no key could decrypt secret \(foo\)/;
      await scene.untilEvent(place.namespace, place.name, "ErrUnsealFailed", words);
      assert.equal(await scene.secret(place.namespace, place.name), null);
    });
  }

  table.proves("each-served", "each namespace that is served is served alike", async () => {
    const { scene, shape, apply, cluster } = stage();
    for (const namespace of shape.served) {
      const made = { namespace, name: "each-served", annotations: { "signet.dev/recreate": "true" } };
      const until = (value: string, fits: (secret: SceneSecret) => boolean = () => true) =>
        scene.untilSecret(
          namespace,
          made.name,
          (found) => found.data?.["foo"] === base64(value) && fits(found),
        );
      await apply({ ...made, items: { foo: "1" } });
      await scene.untilSynced(namespace, made.name, "True");
      await scene.untilEvent(namespace, made.name, "Unsealed");
      await apply({ ...made, items: { foo: "2" } });
      await until("2");
      const path = secretPath(namespace, made.name);
      const contentType = "application/merge-patch+json";
      await cluster.request("PATCH", path, { data: { foo: base64("3") } }, { contentType });
      const { metadata } = await until("2");
      await scene.remove(path);
      await until("2", (found) => found.metadata.uid !== metadata.uid);
      await apply({ ...made, items: { foo: "2" }, template: { immutable: true } });
      const fixed = await until("2", ({ immutable }) => immutable === true);
      await apply({ ...made, items: { foo: "4" }, template: { immutable: true } });
      assert.notEqual((await until("4")).metadata.uid, fixed.metadata.uid);
      const elsewhere = { ...made, name: "each-refused", sealedFor: { name: "other" } };
      await apply({ ...elsewhere, items: { foo: "1" } });
      await scene.untilEvent(namespace, elsewhere.name, "ErrUnsealFailed");
      await scene.remove(sealedPath(namespace, made.name));
      await scene.untilNoSecret(namespace, made.name);
    }
  });

  table.proves("elsewhere", "another namespace is served, or left alone, as the rights say", async () => {
    const { scene, home, shape, apply } = stage();
    if (shape.others.length === 0) {
      await scene.namespaces("came-later");
      await apply({ namespace: "came-later", name: "elsewhere", items: { foo: "bar" } });
      await scene.untilSynced("came-later", "elsewhere", "True");
      await scene.untilSecret("came-later", "elsewhere");
      return;
    }
    for (const namespace of shape.others)
      for (const scope of ["strict", "cluster-wide"] as const)
        await apply({ namespace, name: `elsewhere-${scope}`, scope, items: { foo: "bar" } });
    // What came later at home is done, so the others had their time.
    await apply({ name: "later", items: { foo: "bar" } });
    await scene.untilSynced(home, "later", "True");
    await scene.untilEvent(home, "later", "Unsealed");
    for (const namespace of shape.others)
      for (const name of ["elsewhere-strict", "elsewhere-cluster-wide"]) {
        assert.equal(await scene.secret(namespace, name), null);
        assert.deepEqual(await scene.status(namespace, name), { conditions: [] });
        assert.deepEqual(await scene.events(namespace, name), []);
      }
  });

  table.proves("annotation-changed", "a scope annotation taken away or given takes effect", async () => {
    const { scene, home, apply, change } = stage();
    const stored = await apply({ name: "annotated", scope: "cluster-wide", items: { foo: "bar" } });
    await scene.untilSynced(home, "annotated", "True");
    // Nothing else wakes an object that is in sync: its generation stays.
    await change(stored, { metadata: { annotations: {} } });
    const status = await scene.untilSynced(home, "annotated", "False");
    assert.equal(status.observedGeneration, 1);
    assert.match(
      conditionOf(status, "Synced").message ?? "",
      /sealed cluster-wide, but .* lacks the annotation/,
    );
    await deleteSecret(stage(), "annotated");
    await change(stored, {});
    await scene.untilSecret(home, "annotated");
    await scene.untilSynced(home, "annotated", "True");
  });
};

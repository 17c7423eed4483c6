import assert from "node:assert/strict";
import { base64 } from "../../support/in-process-sealing.ts";
import { conditionOf, sealedPath } from "../../support/sealed-secret-scene.ts";
import { marks, type Scenarios } from "./stage.ts";

/** What of a Secret cannot be changed, or has to be said in its template. */
export const typeAndImmutable: Scenarios = (table, stage) => {
  table.proves(["15", "type-changed"], "the type comes from the template, once", async () => {
    const { scene, home, apply } = stage();
    const config = JSON.stringify({ auths: { "registry.example": { auth: "dTpw" } } });
    const items = { ".dockerconfigjson": config };
    await apply({ name: "type", items, template: { type: "kubernetes.io/dockerconfigjson" } });
    const secret = await scene.untilSecret(home, "type");
    assert.equal(secret.type, "kubernetes.io/dockerconfigjson");
    assert.deepEqual(secret.data, { ".dockerconfigjson": base64(config) });
    await scene.untilSynced(home, "type", "True");

    await apply({ name: "type", items, template: { type: "Opaque" } });
    const status = await scene.untilSynced(home, "type", "False");
    assert.equal(conditionOf(status, "Synced").reason, "TypeImmutable");
    assert.match(
      conditionOf(status, "Synced").message ?? "",
      /type kubernetes\.io\/dockerconfigjson .*Opaque.*signet\.dev\/recreate: "true"/,
    );
    assert.equal((await scene.untilSecret(home, "type")).type, "kubernetes.io/dockerconfigjson");
  });

  table.proves(
    ["16", "17", "immutable-changed"],
    "an immutable Secret is made, and refuses changes",
    async () => {
      const { scene, home, apply } = stage();
      const template = { immutable: true };
      await apply({ name: "immutable", items: { foo: "old" }, template });
      await scene.untilSynced(home, "immutable", "True");
      assert.equal((await scene.untilSecret(home, "immutable")).immutable, true);
      await scene.untilEvent(home, "immutable", "Unsealed");

      await apply({ name: "immutable", items: { foo: "new" }, template });
      const status = await scene.untilSynced(home, "immutable", "False");
      assert.equal(status.observedGeneration, 2);
      assert.equal(conditionOf(status, "Synced").reason, "SecretImmutable");
      assert.match(conditionOf(status, "Synced").message ?? "", /signet\.dev\/recreate: "true"/);
      const event = await scene.untilEvent(home, "immutable", "ErrUpdateFailed");
      const begin = `Error updating ${home}/immutable: the target Secret is immutable.`;
      assert.ok(event.message.startsWith(begin), event.message);
      assert.deepEqual((await scene.untilSecret(home, "immutable")).data, { foo: base64("old") });
    },
  );

  table.proves("recreated", "asked for, what cannot be changed is created anew", async () => {
    const { scene, home, apply } = stage();
    const annotations = { "signet.dev/recreate": "true" };
    const fixed = { name: "recreated", annotations, template: { immutable: true } };
    await apply({ ...fixed, items: { username: "old" } });
    const first = await scene.untilSecret(home, "recreated");
    await scene.untilSynced(home, "recreated", "True");
    await apply({ ...fixed, items: { username: "new" } });
    const isNew = (value: string, type: string) => (found: { data?: Record<string, string>; type: string }) =>
      found.data?.["username"] === base64(value) && found.type === type;
    const second = await scene.untilSecret(home, "recreated", isNew("new", "Opaque"));
    await scene.untilSynced(home, "recreated", "True");
    const template = { type: "kubernetes.io/basic-auth", immutable: true };
    await apply({ ...fixed, items: { username: "new" }, template });
    const third = await scene.untilSecret(home, "recreated", isNew("new", "kubernetes.io/basic-auth"));
    assert.equal(new Set([first, second, third].map(({ metadata }) => metadata.uid)).size, 3);
    await scene.untilSynced(home, "recreated", "True");
  });

  table.proves("immutable-later", "immutable in the template later makes the Secret immutable", async () => {
    const { scene, home, apply, change } = stage();
    const stored = await apply({ name: "immutable-later", items: { foo: "bar" } });
    await scene.untilSynced(home, "immutable-later", "True");
    const spec = stored["spec"] as Record<string, unknown>;
    await change(stored, { spec: { ...spec, template: { immutable: true } } });
    await scene.untilSecret(home, "immutable-later", ({ immutable }) => immutable === true);
    await scene.untilSynced(home, "immutable-later", "True");
  });

  for (const [row, annotations] of [
    ["unowned", marks.unowned],
    ["unowned-managed", { ...marks.unowned, ...marks.managed }],
  ] as const) {
    table.proves(row, `a Secret without an owner is kept in step: ${row}`, async () => {
      const { scene, home, apply, untilCollectorHasWorked } = stage();
      const template = { metadata: { annotations } };
      await apply({ name: row, items: { foo: "old" }, template });
      const secret = await scene.untilSecret(home, row);
      assert.equal(secret.metadata.ownerReferences, undefined);
      await scene.untilSynced(home, row, "True");
      await apply({ name: row, items: { foo: "new" }, template });
      await scene.untilSecret(home, row, ({ data }) => data?.["foo"] === base64("new"));
      const status = await scene.untilSynced(home, row, "True");
      assert.equal(status.observedGeneration, 2);
      await scene.remove(sealedPath(home, row));
      await untilCollectorHasWorked(`after-${row}`);
      assert.deepEqual((await scene.untilSecret(home, row)).data, { foo: base64("new") });
    });
  }
};

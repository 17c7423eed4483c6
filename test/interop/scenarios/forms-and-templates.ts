import assert from "node:assert/strict";
import { base64 } from "../../support/in-process-sealing.ts";
import { conditionOf, type SceneSecret } from "../../support/sealed-secret-scene.ts";
import { assertOwner, type Scenarios } from "./stage.ts";

/** The old whole-object form, and templates. */
export const formsAndTemplates: Scenarios = (table, stage) => {
  table.proves("whole-object", "the old whole-object form is opened", async () => {
    const { scene, home, sealer, cluster } = stage();
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "other", namespace: "other", labels: { l: "1" }, annotations: { a: "2" } },
      type: "kubernetes.io/basic-auth",
      data: { username: base64("me"), password: base64("pw") },
    };
    const object = await sealer.wholeObject({
      namespace: home,
      name: "whole",
      secret,
      template: { metadata: { labels: { ignored: "1" } }, type: "Opaque" },
    });
    const [stored] = await cluster.apply([object]);
    const made = await scene.untilSecret(home, "whole");
    assert.deepEqual(made.data, secret.data);
    assert.equal(made.type, secret.type);
    assert.deepEqual(made.metadata.labels, { l: "1" });
    assert.deepEqual(made.metadata.annotations, { a: "2" });
    assertOwner(made, stored);
    await scene.untilSynced(home, "whole", "True");
  });

  table.proves("whole-object-and-items", "both forms at once are refused", async () => {
    const { scene, home, sealer, cluster } = stage();
    const secret = { apiVersion: "v1", kind: "Secret", metadata: {}, data: { a: "MQ==" } };
    const object = await sealer.wholeObject({ namespace: home, name: "two-forms", secret });
    const spec = object["spec"] as Record<string, unknown>;
    await cluster.apply([{ ...object, spec: { ...spec, encryptedData: { b: "AAAA" } } }]);
    const status = await scene.untilSynced(home, "two-forms", "False");
    assert.match(
      conditionOf(status, "Synced").message ?? "",
      /cannot use the field 'encryptedData' and the deprecated field 'data' at the same time/,
    );
    assert.equal(await scene.secret(home, "two-forms"), null);
  });

  table.proves("templates", "templates make items; a failing one leaves the Secret as it is", async () => {
    const { scene, home, apply, change } = stage();
    const data = { url: "db:{{ .foo }}:{{ .host }}", host: "db.local", foo: null };
    const stored = await apply({ name: "templates", items: { foo: "bar", kept: "1" }, template: { data } });
    await scene.untilSynced(home, "templates", "True");
    const secret = await scene.untilSecret(home, "templates");
    assert.deepEqual(textsOf(secret), { url: "db:bar:db.local", host: "db.local", kept: "1" });

    const spec = stored["spec"] as Record<string, unknown>;
    await change(stored, { spec: { ...spec, template: { data: { url: "{{ .foo.bar }}" } } } });
    const status = await scene.untilSynced(home, "templates", "False");
    const synced = conditionOf(status, "Synced");
    assert.equal(synced.reason, "TemplateFailed");
    assert.match(synced.message ?? "", /template: url:1:/);
    assert.deepEqual(await scene.secret(home, "templates"), secret);

    await apply({ name: "templates-only", template: { data: { a: "x{{ upper `y` }}" } } });
    await scene.untilSynced(home, "templates-only", "True");
    assert.deepEqual(textsOf(await scene.untilSecret(home, "templates-only")), { a: "xY" });
  });
};

function textsOf({ data }: SceneSecret): Record<string, string> {
  const items = Object.entries(data ?? {});
  return Object.fromEntries(items.map(([item, value]) => [item, Buffer.from(value, "base64").toString()]));
}

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, suite } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { issueKey } from "../../controller/keys/issue-certificate.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { base64, type SealedObject, type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import {
  conditionOf,
  type Scene,
  type SceneSecret,
  sceneOf,
  sealedPath,
  secretPath,
} from "../support/sealed-secret-scene.ts";
import {
  readInstallation,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";

requireNetbox();

const table = coverageTable({
  fresh: "a new SealedSecret yields its Secret with data and labels, a status with equal times, an event",
  changed: "a changed value updates the Secret; the generation is observed, the update time moves on",
  "item-renamed": "an item moved to another name opens under it",
  "item-appended": "an item sealed apart from the others opens beside them",
  "item-removed": "an item that is gone from the SealedSecret goes from the Secret",
  managed: "a managed Secret is adopted and replaced as a whole, its mark included",
  "managed-and-patched": "a managed and patched Secret is adopted, its other items, labels and marks stay",
  patched: "a patched Secret is merged into and gets no owner",
  "patched-bare": "a patched Secret without data or labels is merged into",
  "patched-removal": "an item that was merged in and is no longer wanted goes, those of others stay",
  foreign: "a Secret without marks is left as it is",
  "foreign-deleted": "once the Secret in the way is deleted, the SealedSecret's own takes its place at once",
  "patched-deleted": "a patched Secret that is deleted is not made anew",
  "patched-survives": "a patched Secret stays, with what was merged, when the SealedSecret is deleted",
  collected: "an owned Secret goes with its SealedSecret",
  orphaned: "a Secret that outlived its SealedSecret is not taken over by the next one of that name",
  "unknown-key": "sealed with an unrelated key: no Secret, an event",
  type: "a template's type and its item make the Secret",
  "type-changed": "another type in the template is refused with what to do",
  immutable: "an immutable Secret is made, and is in sync",
  "immutable-changed": "a change behind an immutable Secret is refused, in the known words",
  "immutable-later": "immutable in the template later makes the Secret immutable",
  unowned: "skip-set-owner-references alone: no owner, in sync, later changes applied, survives",
  "unowned-managed": "the same with managed in the template",
  "strict-renamed": "strict, renamed: no Secret, an event",
  "strict-moved": "strict, moved: no Secret, an event in the new namespace",
  "cluster-wide-renamed": "cluster-wide, renamed: opens",
  "cluster-wide-moved": "cluster-wide, moved: opens",
  "namespace-wide-renamed": "namespace-wide, renamed: opens",
  "namespace-wide-moved": "namespace-wide, moved: no Secret",
  "annotation-changed": "a scope annotation that comes or goes takes effect, though the generation stays",
  "whole-object": "the old whole-object form is opened, with its labels, annotations and type",
  "whole-object-and-items": "both forms at once are refused",
  templates: "template.data makes items; one that fails leaves the Secret as it is",
  restarted: "a restart with nothing to do writes no Secret, no status and no event",
  version: "--version prints what scripts look for",
});

const marks = {
  managed: { "sealedsecrets.bitnami.com/managed": "true" },
  patch: { "sealedsecrets.bitnami.com/patch": "true" },
  unowned: { "sealedsecrets.bitnami.com/skip-set-owner-references": "true" },
};

suite("what becomes of a SealedSecret and the Secret of its name", () => {
  let cluster: ControlPlane;
  let controller: SignetController;
  let scene: Scene;
  let sealer: TestSealer;

  before(async () => {
    const manifests = await readInstallation();
    cluster = await startControlPlane({ controllerManager: true, auditLog: true, manifests });
    scene = sceneOf(cluster);
    controller = await startSignetController({ controlPlane: cluster });
    sealer = await testSealer(await (await fetch(`${controller.url}/v1/cert.pem`)).text());
    await scene.namespaces("elsewhere");
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  table.proves("fresh", "a new SealedSecret yields its Secret", async () => {
    const template = { metadata: { labels: { app: "shop" } } };
    const stored = await apply({ name: "fresh", items: { foo: "bar" }, template });
    const secret = await scene.untilSecret("default", "fresh");
    assert.deepEqual(secret.data, { foo: base64("bar") });
    assert.deepEqual(secret.metadata.labels, { app: "shop" });
    assertOwner(secret, stored);
    const { observedGeneration, conditions } = await scene.untilSynced("default", "fresh", "True");
    assert.equal(observedGeneration, 1);
    assert.equal(conditions[0]?.type, "Synced");
    assert.ok(conditions[0].lastUpdateTime !== undefined);
    assert.equal(conditions[0].lastUpdateTime, conditions[0].lastTransitionTime);
    await scene.untilEvent("default", "fresh", "Unsealed");
  });

  table.proves("changed", "a changed value updates the Secret and its status", async () => {
    await apply({ name: "changed", items: { foo: "old" } });
    await scene.untilSynced("default", "changed", "True");
    // Times in a status are whole seconds.
    await sleep(1100);
    await apply({ name: "changed", items: { foo: "new" } });
    await scene.untilSecret("default", "changed", ({ data }) => data?.["foo"] === base64("new"));
    const status = await scene.untilSynced("default", "changed", "True");
    assert.equal(status.observedGeneration, 2);
    const { lastUpdateTime, lastTransitionTime } = conditionOf(status, "Synced");
    assert.ok(lastUpdateTime !== undefined && lastTransitionTime !== undefined);
    assert.ok(lastTransitionTime < lastUpdateTime, `${lastTransitionTime} < ${lastUpdateTime}`);
  });

  table.proves(["item-renamed", "item-appended", "item-removed"], "items move, come and go", async () => {
    const first = await apply({ name: "items", items: { foo: "bar" } });
    await scene.untilSynced("default", "items", "True");
    const { encryptedData } = first["spec"] as { encryptedData: Record<string, string> };
    const scope = { kind: "strict", namespace: "default", name: "items" } as const;
    const items = { renamed: encryptedData["foo"] ?? "", added: await sealer.value("apart", scope) };
    await change(first, { spec: { encryptedData: items } });
    const secret = await scene.untilSecret("default", "items", ({ data }) => data?.["added"] !== undefined);
    assert.deepEqual(secret.data, { renamed: base64("bar"), added: base64("apart") });
    await scene.untilSynced("default", "items", "True");
  });

  table.proves("managed", "a managed Secret is adopted and replaced as a whole", async () => {
    await existing("managed", { annotations: { ...marks.managed, theirs: "x" } });
    const template = { metadata: { labels: { ours: "1" }, annotations: { note: "ours" } } };
    const stored = await apply({ name: "managed", items: { foo: "bar" }, template });
    await scene.untilSynced("default", "managed", "True");
    const secret = await scene.untilSecret("default", "managed");
    assert.deepEqual(secret.data, { foo: base64("bar") });
    assert.deepEqual(secret.metadata.labels, { ours: "1" });
    assert.deepEqual(secret.metadata.annotations, { note: "ours" });
    assertOwner(secret, stored);
    await scene.untilEvent("default", "managed", "Unsealed");
  });

  table.proves("managed-and-patched", "a managed and patched Secret is adopted and merged into", async () => {
    const annotations = { ...marks.managed, ...marks.patch };
    await existing("both", { annotations });
    const template = { metadata: { labels: { ours: "1" } } };
    const stored = await apply({ name: "both", items: { shared: "sealed", foo: "bar" }, template });
    await scene.untilSynced("default", "both", "True");
    const secret = await scene.untilSecret("default", "both");
    assert.deepEqual(secret.data, {
      shared: base64("sealed"),
      theirs: base64("theirs"),
      foo: base64("bar"),
    });
    assert.deepEqual(secret.metadata.labels, { theirs: "1", ours: "1" });
    assert.deepEqual(secret.metadata.annotations, { ...annotations, ...mergedItems("foo", "shared") });
    assertOwner(secret, stored);
  });

  table.proves(["patched", "patched-removal", "patched-survives"], "a patched Secret is shared", async () => {
    await existing("patched", { annotations: marks.patch });
    await apply({ name: "patched", items: { shared: "sealed", foo: "bar" } });
    await scene.untilSynced("default", "patched", "True");
    const secret = await scene.untilSecret("default", "patched");
    const theirs = base64("theirs");
    assert.deepEqual(secret.data, { shared: base64("sealed"), theirs, foo: base64("bar") });
    assert.deepEqual(secret.metadata.labels, { theirs: "1" });
    assert.equal(secret.metadata.ownerReferences, undefined);

    await apply({ name: "patched", items: { foo: "new" } });
    const changed = await scene.untilSecret(
      "default",
      "patched",
      ({ data }) => data?.["shared"] === undefined,
    );
    assert.deepEqual(changed.data, { theirs, foo: base64("new") });
    await scene.untilSynced("default", "patched", "True");

    await scene.remove(sealedPath("default", "patched"));
    await untilCollectorHasWorked("after-patched");
    assert.deepEqual((await scene.untilSecret("default", "patched")).data, changed.data);
  });

  table.proves(
    ["patched-bare", "patched-deleted"],
    "a bare patched Secret; its deletion is final",
    async () => {
      await existing("bare", { annotations: marks.patch, labels: null, data: null });
      await apply({ name: "bare", items: { foo: "bar" } });
      await scene.untilSynced("default", "bare", "True");
      const secret = await scene.untilSecret("default", "bare");
      assert.deepEqual(secret.data, { foo: base64("bar") });
      assert.equal(secret.metadata.ownerReferences, undefined);
      await scene.remove(secretPath("default", "bare"));
      await untilCollectorHasWorked("after-bare");
      assert.equal(await scene.secret("default", "bare"), null);
    },
  );

  table.proves(
    ["foreign", "foreign-deleted"],
    "a Secret without marks is left alone until it goes",
    async () => {
      const before = await existing("foreign", {});
      const stored = await apply({ name: "foreign", items: { foo: "bar" } });
      const status = await scene.untilSynced("default", "foreign", "False");
      const { reason, message } = conditionOf(status, "Synced");
      assert.equal(reason, "NotManaged");
      assert.equal(
        message,
        'failed update: Resource "foreign" already exists and is not managed by SealedSecret',
      );
      const event = await scene.untilEvent("default", "foreign", "ErrUpdateFailed");
      assert.equal(event.message, 'Resource "foreign" already exists and is not managed by SealedSecret');
      assert.deepEqual(await scene.secret("default", "foreign"), before);

      // By now the next look of itself is seconds away.
      await sleep(2000);
      await scene.remove(secretPath("default", "foreign"));
      const removedAt = performance.now();
      const secret = await scene.untilSecret("default", "foreign");
      assert.ok(performance.now() - removedAt < 1500);
      assert.deepEqual(secret.data, { foo: base64("bar") });
      assertOwner(secret, stored);
      const healed = await scene.untilSynced("default", "foreign", "True");
      assert.deepEqual(
        healed.conditions.map(({ type }) => type),
        ["Synced", "Ready"],
      );
    },
  );

  table.proves("collected", "an owned Secret goes with its SealedSecret", async () => {
    await apply({ name: "collected", items: { foo: "bar" } });
    await scene.untilSecret("default", "collected");
    await scene.remove(sealedPath("default", "collected"));
    await scene.untilNoSecret("default", "collected");
  });

  table.proves("orphaned", "a Secret that outlived its SealedSecret is not taken over", async () => {
    await apply({ name: "orphaned", items: { foo: "bar" } });
    const before = await scene.untilSecret("default", "orphaned");
    await scene.untilSynced("default", "orphaned", "True");
    await scene.remove(`${sealedPath("default", "orphaned")}?propagationPolicy=Orphan`);
    await waitUntil({ what: "the SealedSecret to go" }, async () =>
      (await scene.sealedSecret("default", "orphaned")) === null ? true : null,
    );
    await apply({ name: "orphaned", items: { foo: "other" } });
    const status = await scene.untilSynced("default", "orphaned", "False");
    assert.equal(conditionOf(status, "Synced").reason, "NotManaged");
    const secret = await scene.untilSecret("default", "orphaned");
    assert.equal(secret.metadata.uid, before.metadata.uid);
    assert.deepEqual(secret.data, before.data);
    assert.equal(secret.metadata.ownerReferences, undefined);
  });

  table.proves(
    "unknown-key",
    "sealed with an unrelated key: no Secret, and an event that says so",
    async () => {
      const stranger = await unrelatedSealer();
      await cluster.apply([await stranger.object({ name: "unknown-key", items: { foo: "bar" } })]);
      const status = await scene.untilSynced("default", "unknown-key", "False");
      assert.match(
        conditionOf(status, "Synced").message ?? "",
        /^no key could decrypt secret \(foo\): sealed with a key this cluster does not have, or damaged;/,
      );
      await scene.untilEvent("default", "unknown-key", "ErrUnsealFailed", /no key could decrypt secret/);
      assert.equal(await scene.secret("default", "unknown-key"), null);
    },
  );

  table.proves(["type", "type-changed"], "the type comes from the template, once", async () => {
    const config = JSON.stringify({ auths: { "registry.example": { auth: "dTpw" } } });
    const items = { ".dockerconfigjson": config };
    await apply({ name: "type", items, template: { type: "kubernetes.io/dockerconfigjson" } });
    const secret = await scene.untilSecret("default", "type");
    assert.equal(secret.type, "kubernetes.io/dockerconfigjson");
    assert.deepEqual(secret.data, { ".dockerconfigjson": base64(config) });
    await scene.untilSynced("default", "type", "True");

    await apply({ name: "type", items, template: { type: "Opaque" } });
    const status = await scene.untilSynced("default", "type", "False");
    assert.equal(conditionOf(status, "Synced").reason, "TypeImmutable");
    assert.match(
      conditionOf(status, "Synced").message ?? "",
      /type kubernetes\.io\/dockerconfigjson .*Opaque.*signet\.dev\/recreate: "true"/,
    );
    assert.equal((await scene.untilSecret("default", "type")).type, "kubernetes.io/dockerconfigjson");
  });

  table.proves(
    ["immutable", "immutable-changed"],
    "an immutable Secret is made, and refuses changes",
    async () => {
      const template = { immutable: true };
      await apply({ name: "immutable", items: { foo: "old" }, template });
      await scene.untilSynced("default", "immutable", "True");
      assert.equal((await scene.untilSecret("default", "immutable")).immutable, true);
      await scene.untilEvent("default", "immutable", "Unsealed");

      await apply({ name: "immutable", items: { foo: "new" }, template });
      const status = await scene.untilSynced("default", "immutable", "False");
      assert.equal(status.observedGeneration, 2);
      assert.equal(conditionOf(status, "Synced").reason, "SecretImmutable");
      assert.match(conditionOf(status, "Synced").message ?? "", /signet\.dev\/recreate: "true"/);
      const event = await scene.untilEvent("default", "immutable", "ErrUpdateFailed");
      assert.match(event.message, /^Error updating default\/immutable: the target Secret is immutable\./);
      assert.deepEqual((await scene.untilSecret("default", "immutable")).data, { foo: base64("old") });
    },
  );

  table.proves("immutable-later", "immutable in the template later makes the Secret immutable", async () => {
    const object = { name: "immutable-later", items: { foo: "bar" } };
    const stored = await apply(object);
    await scene.untilSynced("default", "immutable-later", "True");
    const spec = stored["spec"] as Record<string, unknown>;
    await change(stored, { spec: { ...spec, template: { immutable: true } } });
    await scene.untilSecret("default", "immutable-later", ({ immutable }) => immutable === true);
    await scene.untilSynced("default", "immutable-later", "True");
  });

  for (const [row, annotations] of [
    ["unowned", marks.unowned],
    ["unowned-managed", { ...marks.unowned, ...marks.managed }],
  ] as const) {
    table.proves(row, `a Secret without an owner is kept in step: ${row}`, async () => {
      const template = { metadata: { annotations } };
      await apply({ name: row, items: { foo: "old" }, template });
      const secret = await scene.untilSecret("default", row);
      assert.equal(secret.metadata.ownerReferences, undefined);
      await scene.untilSynced("default", row, "True");
      await apply({ name: row, items: { foo: "new" }, template });
      await scene.untilSecret("default", row, ({ data }) => data?.["foo"] === base64("new"));
      const status = await scene.untilSynced("default", row, "True");
      assert.equal(status.observedGeneration, 2);
      await scene.remove(sealedPath("default", row));
      await untilCollectorHasWorked(`after-${row}`);
      assert.deepEqual((await scene.untilSecret("default", row)).data, { foo: base64("new") });
    });
  }

  const copies = [
    { row: "strict-renamed", scope: "strict", opens: false },
    { row: "strict-moved", scope: "strict", opens: false },
    { row: "cluster-wide-renamed", scope: "cluster-wide", opens: true },
    { row: "cluster-wide-moved", scope: "cluster-wide", opens: true },
    { row: "namespace-wide-renamed", scope: "namespace-wide", opens: true },
    { row: "namespace-wide-moved", scope: "namespace-wide", opens: false },
  ] as const;
  for (const { row, scope, opens } of copies) {
    table.proves(row, `${row} ${opens ? "opens" : "is refused"}`, async () => {
      const namespace = row.endsWith("-moved") ? "elsewhere" : "default";
      const sealedFor = row.endsWith("-moved") ? { namespace: "default" } : { name: "original" };
      await apply({ name: row, namespace, scope, sealedFor, items: { foo: "bar" } });
      if (opens) {
        assert.deepEqual((await scene.untilSecret(namespace, row)).data, { foo: base64("bar") });
        return;
      }
      const status = await scene.untilSynced(namespace, row, "False");
      assert.equal(conditionOf(status, "Synced").reason, "UnsealFailed");
      await scene.untilEvent(namespace, row, "ErrUnsealFailed", /no key could decrypt secret \(foo\)/);
      assert.equal(await scene.secret(namespace, row), null);
    });
  }

  table.proves("annotation-changed", "a scope annotation taken away or given takes effect", async () => {
    const scope = "cluster-wide";
    const stored = await apply({ name: "annotated", scope, items: { foo: "bar" } });
    await scene.untilSynced("default", "annotated", "True");
    // Nothing else wakes an object that is in sync: its generation stays.
    await change(stored, { metadata: { annotations: {} } });
    const status = await scene.untilSynced("default", "annotated", "False");
    assert.equal(status.observedGeneration, 1);
    assert.match(
      conditionOf(status, "Synced").message ?? "",
      /sealed cluster-wide, but .* lacks the annotation/,
    );
    await scene.remove(secretPath("default", "annotated"));
    await change(stored, {});
    await scene.untilSecret("default", "annotated");
    await scene.untilSynced("default", "annotated", "True");
  });

  table.proves("whole-object", "the old whole-object form is opened", async () => {
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "other", namespace: "other", labels: { l: "1" }, annotations: { a: "2" } },
      type: "kubernetes.io/basic-auth",
      data: { username: base64("me"), password: base64("pw") },
    };
    const object = await sealer.wholeObject({
      name: "whole",
      secret,
      template: { metadata: { labels: { ignored: "1" } }, type: "Opaque" },
    });
    const [stored] = await cluster.apply([object]);
    const made = await scene.untilSecret("default", "whole");
    assert.deepEqual(made.data, secret.data);
    assert.equal(made.type, secret.type);
    assert.deepEqual(made.metadata.labels, { l: "1" });
    assert.deepEqual(made.metadata.annotations, { a: "2" });
    assertOwner(made, stored);
    await scene.untilSynced("default", "whole", "True");
  });

  table.proves("whole-object-and-items", "both forms at once are refused", async () => {
    const secret = { apiVersion: "v1", kind: "Secret", metadata: {}, data: { a: "MQ==" } };
    const object = await sealer.wholeObject({ name: "two-forms", secret });
    const spec = object["spec"] as Record<string, unknown>;
    await cluster.apply([{ ...object, spec: { ...spec, encryptedData: { b: "AAAA" } } }]);
    const status = await scene.untilSynced("default", "two-forms", "False");
    assert.match(
      conditionOf(status, "Synced").message ?? "",
      /cannot use the field 'encryptedData' and the deprecated field 'data' at the same time/,
    );
    assert.equal(await scene.secret("default", "two-forms"), null);
  });

  table.proves("templates", "templates make items; a failing one leaves the Secret as it is", async () => {
    const data = { url: "db:{{ .foo }}:{{ .host }}", host: "db.local", foo: null };
    const stored = await apply({ name: "templates", items: { foo: "bar", kept: "1" }, template: { data } });
    await scene.untilSynced("default", "templates", "True");
    const secret = await scene.untilSecret("default", "templates");
    assert.deepEqual(textsOf(secret), { url: "db:bar:db.local", host: "db.local", kept: "1" });

    const spec = stored["spec"] as Record<string, unknown>;
    await change(stored, { spec: { ...spec, template: { data: { url: "{{ .foo.bar }}" } } } });
    const status = await scene.untilSynced("default", "templates", "False");
    const synced = conditionOf(status, "Synced");
    assert.equal(synced.reason, "TemplateFailed");
    assert.match(synced.message ?? "", /template: url:1:/);
    assert.deepEqual(await scene.secret("default", "templates"), secret);

    await cluster.apply([
      await sealer.object({ name: "templates-only", template: { data: { a: "x{{ upper `y` }}" } } }),
    ]);
    await scene.untilSynced("default", "templates-only", "True");
    assert.deepEqual(textsOf(await scene.untilSecret("default", "templates-only")), { a: "xY" });
  });

  table.proves("restarted", "a restart with nothing to do is silent", async () => {
    // Without a type: the API server sets one, which is no difference.
    await apply({ name: "restarted", items: { foo: "bar" } });
    await scene.untilSynced("default", "restarted", "True");
    await scene.untilEvent("default", "restarted", "Unsealed");
    const secret = await scene.secret("default", "restarted");
    const sealed = await scene.sealedSecret("default", "restarted");
    await controller.stop();
    const earlier = (await cluster.auditEvents()).length;
    controller = await startSignetController({ controlPlane: cluster });
    await apply({ name: "after-restart", items: { foo: "bar" } });
    await scene.untilSynced("default", "after-restart", "True");
    await scene.untilEvent("default", "after-restart", "Unsealed");
    const written = async (name: string) =>
      (await cluster.auditEvents())
        .slice(earlier)
        .filter((event) => event.name === name && ["create", "update", "patch"].includes(event.verb));
    // That the log would show a write is seen by another object's.
    await waitUntil({ what: "the status write in the audit log" }, async () =>
      (await written("after-restart")).some(({ subresource }) => subresource === "status") ? true : null,
    );
    assert.deepEqual(await written("restarted"), []);
    assert.deepEqual(await scene.secret("default", "restarted"), secret);
    assert.deepEqual(await scene.sealedSecret("default", "restarted"), sealed);
    const events = await scene.events("default", "restarted");
    assert.deepEqual(
      events.map(({ reason, count }) => [reason, count]),
      [["Unsealed", 1]],
    );
  });

  table.proves("version", "--version prints what scripts look for", async () => {
    const main = join(import.meta.dirname, "../../controller/main.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [main, "--version"]);
    assert.match(stdout, /^controller version: v\d+\.\d+\.\d+\n$/);
  });

  table.everyRowHasATest();

  async function apply(content: SealedObject): Promise<KubeObject> {
    const [stored] = await cluster.apply([await sealer.object(content)]);
    assert.ok(stored !== undefined);
    return stored;
  }

  /** Replaces spec or metadata of an object that was applied; what is not named stays as it was applied. */
  async function change(
    { apiVersion, kind, metadata, spec }: KubeObject,
    changed: { spec?: unknown; metadata?: Record<string, unknown> },
  ): Promise<void> {
    const { name, namespace = "default", annotations } = metadata;
    await cluster.apply([
      {
        apiVersion,
        kind,
        metadata: { name, namespace, annotations, ...changed.metadata },
        spec: changed.spec ?? spec,
      },
    ]);
  }

  /** A Secret that was there first, with an item of its own and one that is also sealed. */
  async function existing(
    name: string,
    fields: {
      annotations?: Record<string, string>;
      labels?: Record<string, string> | null;
      data?: Record<string, string> | null;
    },
  ): Promise<SceneSecret> {
    const { annotations, labels = { theirs: "1" }, data } = fields;
    const theirs = { shared: base64("theirs"), theirs: base64("theirs") };
    const metadata = {
      namespace: "default",
      name,
      ...(labels === null ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    };
    await cluster.apply([
      { apiVersion: "v1", kind: "Secret", metadata, ...(data === null ? {} : { data: theirs }) },
    ]);
    return scene.untilSecret("default", name);
  }

  /** Another object's Secret has come and been collected since: what the controllers would do, they have done. */
  async function untilCollectorHasWorked(name: string): Promise<void> {
    await apply({ name, items: { foo: "bar" } });
    await scene.untilSecret("default", name);
    await scene.remove(sealedPath("default", name));
    await scene.untilNoSecret("default", name);
  }
});

/** Seals with a key that this cluster has never seen. */
async function unrelatedSealer(): Promise<TestSealer> {
  const request = { keyBits: 2048, commonName: "", ttlMs: 86_400_000 };
  const { certificatePem } = await issueKey(request, new Date());
  return testSealer(certificatePem);
}

function mergedItems(...items: string[]): Record<string, string> {
  return { "signet.dev/managed-items": JSON.stringify(items) };
}

function assertOwner(secret: SceneSecret, owner: KubeObject | undefined): void {
  assert.ok(owner?.metadata.uid !== undefined);
  const { name, uid } = owner.metadata;
  assert.deepEqual(secret.metadata.ownerReferences, [
    { apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", name, uid, controller: true },
  ]);
}

function textsOf({ data }: SceneSecret): Record<string, string> {
  const items = Object.entries(data ?? {});
  return Object.fromEntries(items.map(([item, value]) => [item, Buffer.from(value, "base64").toString()]));
}

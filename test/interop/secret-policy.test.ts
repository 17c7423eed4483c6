import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { base64, type SealedObject, type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import {
  conditionOf,
  type Scene,
  type SceneSecret,
  type SceneStatus,
  sceneOf,
  sealedPath,
  secretPath,
} from "../support/sealed-secret-scene.ts";
import {
  controllerNamespace,
  type SignetController,
  startSignetController,
} from "../support/signet-controller.ts";

requireNetbox();

const table = coverageTable({
  adopt: "adopt takes over a Secret without marks, in a listed namespace alone",
  merge: "merge shares one, in a listed namespace alone; what it left is no consent, and stays",
  fail: "fail leaves a Secret alone that would consent",
  guarded: "no option opens keys, tokens, Helm releases and other controllers' Secrets",
  retain: "a Secret to be kept outlives its SealedSecret, and is taken over by the next one of its name",
  "retain-changed": "to be kept or not can be changed at any time, without a change of the data",
  "recreate-type": "another type is carried out by creating the Secret anew, once it is asked for",
  "recreate-immutable": "so are changed items behind an immutable Secret, and immutable taken back",
  "recreate-unfit": "a Secret that the API server would not take costs nobody the old one",
  "recreate-strange": "a Secret that Signet did not create is never deleted, ours or not",
  "recreate-held": "finalizers are waited for",
  deleting: "a Secret that is being deleted is not written to, and its own follows at once",
  invalid: "a policy that cannot be followed is told, and nothing is done",
  labels: "the controller's labels and annotations are on every Secret that it makes, under the template's",
  denied: "labels and annotations of the template that an option refuses",
  "own-namespace": "the controller's own namespace, closed by an option",
  tracking: "marks of deployment tools in a template are warned of",
  quiet: "nothing changed: no write and no event, whatever else changes on the SealedSecret",
});

const marks = {
  managed: { "sealedsecrets.bitnami.com/managed": "true" },
  patch: { "sealedsecrets.bitnami.com/patch": "true" },
};
const everySecret = {
  labels: { "velero.io/exclude-from-backup": "true" },
  annotations: { team: "platform" },
};

suite("what a SealedSecret says of how its Secret is dealt with", () => {
  let cluster: ControlPlane;
  let controller: SignetController;
  let scene: Scene;
  let sealer: TestSealer;

  before(async () => {
    cluster = await startInstalledCluster({ controllerManager: true });
    scene = sceneOf(cluster);
    await cluster.apply(rightToDelete);
    controller = await startSignetController({
      controlPlane: cluster,
      flags: [
        "--adopt-namespaces=listed",
        "--secret-labels=velero.io/exclude-from-backup=true,app=none",
        "--secret-annotations=team=platform",
        "--denied-metadata=argocd.argoproj.io/secret-type,example.com/*",
        "--forbid-own-namespace",
      ],
    });
    sealer = await testSealer(await (await fetch(`${controller.url}/v1/cert.pem`)).text());
    await scene.namespaces("listed");
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  table.proves("adopt", "adopt, where the namespace is listed and where it is not", async () => {
    const policy = { "existing-secret": "adopt" };
    await existing("listed", "adopt");
    const stored = await apply({ namespace: "listed", name: "adopt", items: { foo: "bar" }, policy });
    await scene.untilSynced("listed", "adopt", "True");
    const secret = await scene.untilSecret("listed", "adopt");
    assert.deepEqual(secret.data, { foo: base64("bar") });
    assert.deepEqual(secret.metadata.labels, { ...everySecret.labels, app: "none" });
    assertOwner(secret, stored);

    const before = await existing("default", "adopt");
    await apply({ name: "adopt", items: { foo: "bar" }, policy });
    const message = await refused("default", "adopt", "NotManaged");
    assert.match(
      message,
      /--adopt-namespaces=default; or annotate the Secret with sealedsecrets\.bitnami\.com\/managed/,
    );
    assert.deepEqual(await scene.secret("default", "adopt"), before);
    // Its own word, given later, counts at once.
    await annotate(secretPath("default", "adopt"), marks.managed);
    await scene.untilSynced("default", "adopt", "True");
  });

  table.proves("merge", "merge, where the namespace is listed and where it is not", async () => {
    const policy = { "existing-secret": "merge" };
    await existing("listed", "merge");
    await apply({ namespace: "listed", name: "merge", items: { foo: "bar" }, policy });
    await scene.untilSynced("listed", "merge", "True");
    const secret = await scene.untilSecret("listed", "merge");
    assert.deepEqual(secret.data, { foo: base64("bar"), theirs: base64("theirs") });
    assert.deepEqual(secret.metadata.labels, { theirs: "1" });
    assert.deepEqual(secret.metadata.annotations, { "signet.dev/managed-items": '["foo"]' });
    assert.equal(secret.metadata.ownerReferences, undefined);

    await apply({ namespace: "listed", name: "merge", items: { foo: "other" } });
    await refused("listed", "merge", "NotManaged");
    assert.deepEqual((await scene.untilSecret("listed", "merge")).data, secret.data);

    await apply({ namespace: "listed", name: "merge", items: { new: "1" }, policy });
    await scene.untilSynced("listed", "merge", "True");
    const changed = await scene.untilSecret("listed", "merge");
    assert.deepEqual(changed.data, { new: base64("1"), theirs: base64("theirs") });
    await scene.remove(sealedPath("listed", "merge"));
    await untilCollectorHasWorked("after-merge");
    assert.deepEqual((await scene.untilSecret("listed", "merge")).data, changed.data);

    const before = await existing("default", "merge");
    await apply({ name: "merge", items: { foo: "bar" }, policy });
    assert.match(await refused("default", "merge", "NotManaged"), /bitnami\.com\/patch: "true"/);
    assert.deepEqual(await scene.secret("default", "merge"), before);
  });

  table.proves("fail", "fail, against every mark", async () => {
    const before = await existing("listed", "fail", { annotations: { ...marks.managed, ...marks.patch } });
    await apply({
      namespace: "listed",
      name: "fail",
      items: { a: "1" },
      policy: { "existing-secret": "fail" },
    });
    assert.match(await refused("listed", "fail", "NotManaged"), /existing-secret: "fail"/);
    assert.deepEqual(await scene.secret("listed", "fail"), before);
  });

  const owner = { apiVersion: "example.com/v1", kind: "Database", name: "db", uid: "5b0a", controller: true };
  for (const [name, fields] of Object.entries({
    key: { labels: { "sealedsecrets.bitnami.com/sealed-secrets-key": "active" } },
    bootstrap: { type: "bootstrap.kubernetes.io/token" },
    helm: { type: "helm.sh/release.v1" },
    owned: { ownerReferences: [owner] },
  })) {
    table.proves("guarded", `out of bounds in a listed namespace, too: ${name}`, async () => {
      for (const asked of ["adopt", "merge"]) {
        const before = await existing("listed", `${name}-${asked}`, fields);
        const policy = { "existing-secret": asked, recreate: "true" };
        await apply({ namespace: "listed", name: `${name}-${asked}`, items: { a: "1" }, policy });
        await refused("listed", `${name}-${asked}`, "NotManaged");
        const after = await scene.secret("listed", `${name}-${asked}`);
        // The collector takes away what has an owner that never was.
        assert.ok(after === null ? name === "owned" : JSON.stringify(after) === JSON.stringify(before));
      }
    });
  }

  table.proves(["retain", "retain-changed"], "kept, collected and kept again", async () => {
    const retain = { "on-removal": "retain" };
    const first = await apply({ name: "retain", items: { foo: "bar" }, policy: retain });
    await scene.untilSynced("default", "retain", "True");
    const kept = await scene.untilSecret("default", "retain");
    assert.equal(kept.metadata.ownerReferences, undefined);
    assert.deepEqual(kept.metadata.annotations, {
      ...everySecret.annotations,
      ...marks.managed,
      "signet.dev/sealed-by": first.metadata.uid,
    });

    await annotate(sealedPath("default", "retain"), { "signet.dev/on-removal": "delete" });
    const owned = await scene.untilSecret(
      "default",
      "retain",
      ({ metadata }) => metadata.ownerReferences !== undefined,
    );
    assertOwner(owned, first);
    assert.deepEqual(owned.metadata.annotations, everySecret.annotations);
    await annotate(sealedPath("default", "retain"), { "signet.dev/on-removal": "retain" });
    await scene.untilSecret("default", "retain", ({ metadata }) => metadata.ownerReferences === undefined);

    await scene.remove(sealedPath("default", "retain"));
    await untilCollectorHasWorked("after-retain");
    const left = await scene.untilSecret("default", "retain");
    assert.deepEqual(left.data, { foo: base64("bar") });
    assert.equal(left.metadata.uid, kept.metadata.uid);
    const second = await apply({ name: "retain", items: { foo: "next" } });
    const taken = await scene.untilSecret(
      "default",
      "retain",
      ({ data }) => data?.["foo"] === base64("next"),
    );
    assert.equal(taken.metadata.uid, kept.metadata.uid);
    assertOwner(taken, second);
    await scene.remove(sealedPath("default", "retain"));
    await scene.untilNoSecret("default", "retain");
  });

  table.proves("recreate-type", "another type, refused and then carried out", async () => {
    const tls = { "tls.crt": "x", "tls.key": "y" };
    await apply({ name: "type", items: tls });
    const before = await scene.untilSecret("default", "type");
    await scene.untilSynced("default", "type", "True");
    const template = { type: "kubernetes.io/tls" };
    await apply({ name: "type", items: tls, template });
    assert.match(await refused("default", "type", "TypeImmutable"), /signet\.dev\/recreate: "true"/);
    await annotate(sealedPath("default", "type"), { "signet.dev/recreate": "true" });
    const secret = await scene.untilSecret("default", "type", ({ type }) => type === "kubernetes.io/tls");
    assert.notEqual(secret.metadata.uid, before.metadata.uid);
    assert.deepEqual(secret.data, before.data);
    assert.deepEqual(secret.metadata.labels, before.metadata.labels);
    await scene.untilSynced("default", "type", "True");
    // It is of our making again.
    await apply({ name: "type", items: tls, policy: { recreate: "true" } });
    await scene.untilSecret("default", "type", ({ type }) => type === "Opaque");
  });

  table.proves("recreate-immutable", "items behind an immutable Secret, and the way back", async () => {
    const template = { immutable: true };
    const policy = { recreate: "true" };
    await apply({ name: "immutable", items: { foo: "old" }, template, policy });
    const first = await scene.untilSecret("default", "immutable", ({ immutable }) => immutable === true);
    await scene.untilSynced("default", "immutable", "True");
    await apply({ name: "immutable", items: { foo: "new" }, template, policy });
    const second = await scene.untilSecret(
      "default",
      "immutable",
      ({ data }) => data?.["foo"] === base64("new"),
    );
    assert.equal(second.immutable, true);
    assert.notEqual(second.metadata.uid, first.metadata.uid);
    await scene.untilSynced("default", "immutable", "True");
    await apply({ name: "immutable", items: { foo: "new" }, template: { immutable: false }, policy });
    const third = await scene.untilSecret("default", "immutable", ({ immutable }) => immutable !== true);
    assert.deepEqual(third.data, second.data);
    await scene.untilSynced("default", "immutable", "True");
  });

  table.proves("recreate-unfit", "a new Secret that is not valid leaves the old one standing", async () => {
    const policy = { recreate: "true" };
    await apply({ name: "unfit", items: { foo: "bar" }, policy });
    const before = await scene.untilSecret("default", "unfit");
    await scene.untilSynced("default", "unfit", "True");
    await apply({ name: "unfit", items: { foo: "bar" }, policy, template: { type: "kubernetes.io/tls" } });
    const message = await refused("default", "unfit", "UpdateFailed");
    assert.match(message, /^Secret "unfit" must be created anew and stays as it is, .* 422 Invalid \(data/);
    assert.deepEqual(await scene.secret("default", "unfit"), before);
  });

  table.proves("recreate-strange", "a Secret that was adopted is not deleted", async () => {
    await existing("default", "strange", { annotations: marks.managed });
    const policy = { recreate: "true" };
    const stored = await apply({ name: "strange", items: { foo: "bar" }, policy });
    await scene.untilSynced("default", "strange", "True");
    const before = await scene.untilSecret("default", "strange");
    assertOwner(before, stored);
    await apply({ name: "strange", items: { foo: "bar" }, policy, template: { type: "example.com/other" } });
    assert.match(await refused("default", "strange", "TypeImmutable"), /only with Secrets that it created/);
    assert.deepEqual(await scene.secret("default", "strange"), before);
  });

  table.proves(
    ["recreate-held", "deleting"],
    "a Secret that finalizers hold back is waited for",
    async () => {
      const policy = { recreate: "true" };
      await apply({ name: "held", items: { foo: "bar" }, policy });
      await scene.untilSynced("default", "held", "True");
      await hold("held", ["example.com/hold"]);
      await apply({ name: "held", items: { foo: "new" }, policy, template: { type: "example.com/other" } });
      // The first look may have met the Secret while it was given the finalizer, and is repeated.
      await waitUntil<SceneStatus>({ what: "the status to say what holds it back" }, async () => {
        const found = await scene.status("default", "held");
        const says = found?.conditions.find(({ type }) => type === "Reconciling")?.message ?? "";
        return /^Secret "held" is being deleted, .*\(example\.com\/hold\)/.test(says) ? found : null;
      });
      await scene.untilSynced("default", "held", "False");
      const going = await scene.untilSecret("default", "held");
      assert.ok(going.metadata["deletionTimestamp"] !== undefined);
      assert.deepEqual(going.data, { foo: base64("bar") });
      await hold("held", null);
      const anew = await scene.untilSecret("default", "held", ({ type }) => type === "example.com/other");
      assert.deepEqual(anew.data, { foo: base64("new") });
      await scene.untilSynced("default", "held", "True");
    },
  );

  table.proves("deleting", "one that somebody else deletes is not written to", async () => {
    await apply({ name: "deleting", items: { foo: "bar" } });
    await scene.untilSynced("default", "deleting", "True");
    await hold("deleting", ["example.com/hold"]);
    await scene.remove(secretPath("default", "deleting"));
    // Told of the Secret's going, the status says so while the last success still stands.
    const told = await waitUntil<SceneStatus>({ what: "the status to say so" }, async () => {
      const found = await scene.status("default", "deleting");
      return found?.conditions.some(({ type }) => type === "Reconciling") ? found : null;
    });
    assert.equal(conditionOf(told, "Synced").status, "True");
    await apply({ name: "deleting", items: { foo: "new" } });
    const status = await scene.untilSynced("default", "deleting", "False");
    assert.match(conditionOf(status, "Reconciling").message ?? "", /is being deleted/);
    assert.deepEqual((await scene.untilSecret("default", "deleting")).data, { foo: base64("bar") });
    await hold("deleting", null);
    await scene.untilSecret("default", "deleting", ({ data }) => data?.["foo"] === base64("new"));
    await scene.untilSynced("default", "deleting", "True");
  });

  table.proves("invalid", "a misspelt policy", async () => {
    await apply({ name: "invalid", items: { foo: "bar" }, policy: { "on-removal": "retian" } });
    const message = await refused("default", "invalid", "PolicyInvalid");
    assert.equal(message, 'the annotation signet.dev/on-removal must be "delete" or "retain"');
    assert.equal(await scene.secret("default", "invalid"), null);
    await annotate(sealedPath("default", "invalid"), { "signet.dev/on-removal": "retain" });
    await scene.untilSynced("default", "invalid", "True");
  });

  table.proves("labels", "labels and annotations for all", async () => {
    const template = { metadata: { labels: { app: "shop" }, annotations: { note: "1" } } };
    await apply({ name: "labels", items: { foo: "bar" }, template });
    const { metadata } = await scene.untilSecret("default", "labels");
    assert.deepEqual(metadata.labels, { ...everySecret.labels, app: "shop" });
    assert.deepEqual(metadata.annotations, { ...everySecret.annotations, note: "1" });
  });

  table.proves("denied", "refused labels and annotations", async () => {
    const templates = [
      { labels: { "argocd.argoproj.io/secret-type": "cluster" } },
      { annotations: { "example.com/anything": "x" } },
    ];
    for (const [at, metadata] of templates.entries()) {
      await apply({ name: `denied-${at}`, items: { foo: "bar" }, template: { metadata } });
      assert.match(await refused("default", `denied-${at}`, "SecretForbidden"), /--denied-metadata/);
      assert.equal(await scene.secret("default", `denied-${at}`), null);
    }
  });

  table.proves("own-namespace", "the controller's own namespace is closed", async () => {
    await apply({ namespace: controllerNamespace, name: "inside", items: { foo: "bar" } });
    assert.match(await refused(controllerNamespace, "inside", "SecretForbidden"), /--forbid-own-namespace/);
    assert.equal(await scene.secret(controllerNamespace, "inside"), null);
  });

  table.proves("tracking", "a mark of Argo CD", async () => {
    const annotations = {
      "argocd.argoproj.io/tracking-id": "shop:bitnami.com/SealedSecret:default/tracking",
    };
    await apply({ name: "tracking", items: { foo: "bar" }, template: { metadata: { annotations } } });
    const status = await scene.untilSynced("default", "tracking", "True");
    assert.match(conditionOf(status, "Ready").message ?? "", /^Argo CD may take the Secret for its own/);
    assert.equal(conditionOf(status, "Synced").message, undefined);
  });

  table.proves("quiet", "what changes nothing writes nothing", async () => {
    const template = { metadata: { labels: { app: "shop" } } };
    for (const policy of [
      {},
      { recreate: "true" },
      { "on-removal": "retain" },
      { "existing-secret": "merge" },
    ]) {
      const name = `quiet-${Object.keys(policy)[0] ?? "plain"}`;
      await apply({ name, items: { foo: "bar" }, template, policy });
      await scene.untilSynced("default", name, "True");
      await scene.untilEvent("default", name, "Unsealed");
      const secret = await scene.untilSecret("default", name);
      const status = await scene.status("default", name);
      await annotate(sealedPath("default", name), { unrelated: "1" });
      await annotate(sealedPath("default", name), { unrelated: "2" });
      // A look that another object had after it is over.
      await apply({ name: `${name}-after`, items: { foo: "bar" } });
      await scene.untilSynced("default", `${name}-after`, "True");
      await sleep(300);
      assert.deepEqual(await scene.secret("default", name), secret);
      assert.deepEqual(await scene.status("default", name), status);
      const events = await scene.events("default", name);
      assert.deepEqual(
        events.map(({ reason, count }) => [reason, count]),
        [["Unsealed", 1]],
      );
    }
  });

  table.everyRowHasATest();

  async function apply({
    policy = {},
    ...content
  }: SealedObject & { policy?: Readonly<Record<string, string>> }): Promise<KubeObject> {
    const annotations = Object.fromEntries(
      Object.entries(policy).map(([name, value]) => [`signet.dev/${name}`, value]),
    );
    const [stored] = await cluster.apply([await sealer.object({ ...content, annotations })]);
    assert.ok(stored !== undefined);
    return stored;
  }

  async function annotate(path: string, annotations: Readonly<Record<string, string>>): Promise<void> {
    await patch(path, { metadata: { annotations } });
  }

  async function hold(name: string, finalizers: string[] | null): Promise<void> {
    await patch(secretPath("default", name), { metadata: { finalizers } });
  }

  async function patch(path: string, body: unknown): Promise<void> {
    const answer = await cluster.request("PATCH", path, body, {
      contentType: "application/merge-patch+json",
    });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
  }

  /** A Secret that was there first. */
  async function existing(
    namespace: string,
    name: string,
    { type, ...metadata }: { type?: string; [field: string]: unknown } = {},
  ): Promise<SceneSecret> {
    const data = { theirs: base64("theirs") };
    const all = { labels: { theirs: "1" }, ...metadata, namespace, name };
    await cluster.apply([
      { apiVersion: "v1", kind: "Secret", metadata: all, data, ...(type === undefined ? {} : { type }) },
    ]);
    return scene.untilSecret(namespace, name);
  }

  /** @returns the message of `Synced`. */
  async function refused(namespace: string, name: string, reason: string): Promise<string> {
    const what = `${namespace}/${name} to be refused for ${reason}`;
    const status = await waitUntil<SceneStatus>({ what, boundMs: 90_000 }, async () => {
      const found = await scene.untilSynced(namespace, name, "False");
      return conditionOf(found, "Synced").reason === reason ? found : null;
    });
    assert.equal(conditionOf(status, "Stalled").status, "True");
    return conditionOf(status, "Synced").message ?? "";
  }

  /** Another object's Secret has come and been collected since: what the controllers would do, they have done. */
  async function untilCollectorHasWorked(name: string): Promise<void> {
    await apply({ name, items: { foo: "bar" } });
    await scene.untilSecret("default", name);
    await scene.remove(sealedPath("default", name));
    await scene.untilNoSecret("default", name);
  }
});

/** What creating Secrets anew needs beyond the rest. */
const rightToDelete: KubeObject[] = [
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "secrets-deleter" },
    rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["delete"] }],
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "secrets-deleter" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "secrets-deleter" },
    subjects: [{ kind: "ServiceAccount", name: "sealed-secrets-controller", namespace: controllerNamespace }],
  },
];

function assertOwner(secret: SceneSecret, owner: KubeObject): void {
  const { name, uid } = owner.metadata;
  assert.deepEqual(secret.metadata.ownerReferences, [
    { apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", name, uid, controller: true },
  ]);
}

import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { base64, type SealedObject, type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import {
  conditionOf,
  type Scene,
  type SceneSecret,
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
  consent: "a Secret that is not ours is changed only as its own marks allow",
  "consent-words": 'a mark counts with the exact value "true" alone',
  "guarded-existing":
    "keys, tokens, Helm releases and other controllers' Secrets are never changed, whatever their marks",
  "forged-key-label": "no Secret is written with a label by which keys are found",
  "reserved-name": "in the controller's namespace no Secret is written under a name of its own",
  "own-namespace": "other SealedSecrets in the controller's namespace work",
  types: "types that hand out credentials are refused",
  annotations: "annotations that make others copy a Secret are refused",
  metadata: "of a template's metadata only labels and annotations reach the Secret",
  "whole-object": "the old whole-object form passes the same gates",
  "at-last": "a Secret that is ours is not turned into what may not be made",
  tenant: "all this by a tenant who may write SealedSecrets and read no Secret",
});

const consent = {
  managed: { "sealedsecrets.bitnami.com/managed": "true" },
  patch: { "sealedsecrets.bitnami.com/patch": "true" },
};
const keyLabel = "sealedsecrets.bitnami.com/sealed-secrets-key";

suite("what a SealedSecret may not make the controller write", () => {
  let cluster: ControlPlane;
  let controller: SignetController;
  let scene: Scene;
  let sealer: TestSealer;
  let tenantToken: string;

  before(async () => {
    cluster = await startInstalledCluster();
    scene = sceneOf(cluster);
    controller = await startSignetController({ controlPlane: cluster });
    sealer = await testSealer(await (await fetch(`${controller.url}/v1/cert.pem`)).text());
    await scene.namespaces("tenant");
    await cluster.apply(["tenant", controllerNamespace].flatMap(rightsOfTenant));
    tenantToken = await cluster.tokenFor({ user: "alice" });
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  table.proves(
    "tenant",
    "the tenant may write SealedSecrets, and may neither read nor write Secrets",
    async () => {
      const token = tenantToken;
      for (const namespace of ["tenant", controllerNamespace]) {
        const list = await cluster.request("GET", secretPath(namespace), undefined, { token });
        assert.equal(list.status, 403);
        const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "x" } };
        assert.equal((await cluster.request("POST", secretPath(namespace), secret, { token })).status, 403);
      }
      await tenantApplies({ name: "allowed", items: { a: "1" } });
      await scene.untilSecret("tenant", "allowed");
    },
  );

  const foreign = (name: string): KubeObject => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "tenant", name },
    data: { theirs: base64("theirs") },
  });
  const consents = [
    { name: "no-marks", marks: {}, becomes: null },
    { name: "managed", marks: consent.managed, becomes: { ours: base64("1") } },
    { name: "patch", marks: consent.patch, becomes: { ours: base64("1"), theirs: base64("theirs") } },
    {
      name: "managed-patch",
      marks: { ...consent.managed, ...consent.patch },
      becomes: { ours: base64("1"), theirs: base64("theirs") },
    },
  ];
  for (const { name, marks, becomes } of consents) {
    table.proves(
      "consent",
      `existing Secret, ${name}: ${becomes === null ? "untouched" : "changed"}`,
      async () => {
        const object = foreign(name);
        await cluster.apply([{ ...object, metadata: { ...object.metadata, annotations: marks } }]);
        const before = await scene.untilSecret("tenant", name);
        await tenantApplies({ name, items: { ours: "1" } });
        if (becomes === null) {
          await refused("tenant", name, "NotManaged", /already exists and is not managed/);
          assert.deepEqual(await scene.secret("tenant", name), before);
        } else {
          await scene.untilSynced("tenant", name, "True");
          assert.deepEqual((await scene.untilSecret("tenant", name)).data, becomes);
        }
      },
    );
  }

  for (const [name, value] of [
    ["upper-case", "TRUE"],
    ["yes", "yes"],
    ["empty", ""],
    ["one", "1"],
  ] as const) {
    table.proves("consent-words", `a mark of value ${JSON.stringify(value)} does not count`, async () => {
      const object = foreign(name);
      const annotations = Object.fromEntries(
        Object.keys({ ...consent.managed, ...consent.patch }).map((mark) => [mark, value]),
      );
      await cluster.apply([{ ...object, metadata: { ...object.metadata, annotations } }]);
      const before = await scene.untilSecret("tenant", name);
      await tenantApplies({ name, items: { ours: "1" } });
      await refused("tenant", name, "NotManaged", /not managed/);
      assert.deepEqual(await scene.secret("tenant", name), before);
    });
  }

  const everyMark = { ...consent.managed, ...consent.patch };
  const otherOwner = {
    apiVersion: "example.com/v1",
    kind: "Database",
    name: "db",
    uid: "5b0a",
    controller: true,
  };
  const guarded: { name: string; change: Partial<SceneSecret>; says: RegExp }[] = [
    {
      name: "active-key",
      change: { metadata: { name: "", labels: { [keyLabel]: "active" } } },
      says: /holds a key of the controller/,
    },
    {
      name: "retired-key",
      change: { metadata: { name: "", labels: { [keyLabel]: "compromised" } } },
      says: /holds a key of the controller/,
    },
    {
      name: "token",
      change: {
        type: "kubernetes.io/service-account-token",
        metadata: { name: "", annotations: { "kubernetes.io/service-account.name": "default" } },
      },
      says: /type kubernetes\.io\/service-account-token/,
    },
    {
      name: "bootstrap",
      change: { type: "bootstrap.kubernetes.io/token" },
      says: /bootstrap\.kubernetes\.io\/token/,
    },
    { name: "helm", change: { type: "helm.sh/release.v1" }, says: /helm\.sh\/release\.v1/ },
    {
      name: "other-owner",
      change: { metadata: { name: "", ownerReferences: [otherOwner] } },
      says: /controlled by Database db/,
    },
  ];
  for (const { name, change, says } of guarded) {
    table.proves("guarded-existing", `an existing Secret is out of bounds: ${name}`, async () => {
      // A token's Secret needs its account.
      await cluster.tokenFor({ serviceAccount: { namespace: "tenant", name: "default" } });
      const object = foreign(name);
      const metadata = {
        ...object.metadata,
        ...change.metadata,
        name,
        annotations: { ...change.metadata?.annotations, ...everyMark },
      };
      await cluster.apply([{ ...object, ...change, metadata }]);
      const before = await scene.untilSecret("tenant", name);
      await tenantApplies({ name, items: { ours: "1" } });
      await refused("tenant", name, "NotManaged", says);
      assert.deepEqual(await scene.secret("tenant", name), before);
    });
  }

  for (const [name, label, value] of [
    ["forged-active", keyLabel, "active"],
    ["forged-wrapped", keyLabel, "wrapped"],
    ["forged-empty", keyLabel, ""],
    ["forged-identity", "signet.dev/age-identities", "true"],
  ] as const) {
    table.proves("forged-key-label", `a template's label is refused: ${label}=${value}`, async () => {
      for (const namespace of ["tenant", controllerNamespace]) {
        const template = { metadata: { labels: { [label]: value, harmless: "1" } } };
        await tenantApplies({ namespace, name, items: { "tls.crt": "x", "tls.key": "x" }, template });
        await refused(namespace, name, "SecretForbidden", new RegExp(label.replaceAll(".", "\\.")));
        assert.equal(await scene.secret(namespace, name), null);
      }
    });
  }

  for (const name of ["sealed-secrets-key", "sealed-secrets-keyabcde", "signet-record"]) {
    table.proves("reserved-name", `${name} is kept for the controller in its namespace alone`, async () => {
      await tenantApplies({ namespace: controllerNamespace, name, items: { a: "1" } });
      await refused(controllerNamespace, name, "SecretForbidden", /kept for the controller's own Secrets/);
      assert.equal(await scene.secret(controllerNamespace, name), null);
      await tenantApplies({ name, items: { a: "1" } });
      await scene.untilSecret("tenant", name);
    });
  }

  table.proves(
    "reserved-name",
    "the sealing key in use is not merged into, whatever it consents to",
    async () => {
      const selector = `labelSelector=${encodeURIComponent(`${keyLabel}=active`)}`;
      const { body } = await cluster.request("GET", `${secretPath(controllerNamespace)}?${selector}`);
      const [key] = (body as { items: SceneSecret[] }).items;
      assert.ok(key !== undefined);
      const path = secretPath(controllerNamespace, key.metadata.name);
      const mark = { metadata: { annotations: everyMark } };
      await cluster.request("PATCH", path, mark, { contentType: "application/merge-patch+json" });
      const before = await scene.secret(controllerNamespace, key.metadata.name);
      await tenantApplies({
        namespace: controllerNamespace,
        name: key.metadata.name,
        items: { "tls.key": "x" },
      });
      await refused(controllerNamespace, key.metadata.name, "SecretForbidden", /kept for the controller/);
      assert.deepEqual(await scene.secret(controllerNamespace, key.metadata.name), before);
    },
  );

  table.proves("own-namespace", "a SealedSecret in the controller's namespace works", async () => {
    await tenantApplies({ namespace: controllerNamespace, name: "harmless", items: { a: "1" } });
    const secret = await scene.untilSecret(controllerNamespace, "harmless");
    assert.deepEqual(secret.data, { a: base64("1") });
  });

  for (const [name, type, annotations] of [
    [
      "account-token",
      "kubernetes.io/service-account-token",
      { "kubernetes.io/service-account.name": "default" },
    ],
    ["bootstrap-token-abcdef", "bootstrap.kubernetes.io/token", {}],
  ] as const) {
    table.proves("types", `type ${type} is refused`, async () => {
      await tenantApplies({ name, items: { a: "1" }, template: { type, metadata: { annotations } } });
      await refused("tenant", name, "SecretForbidden", new RegExp(type.replaceAll(".", "\\.")));
      assert.equal(await scene.secret("tenant", name), null);
    });
  }

  const copying = {
    "reflector.v1.k8s.emberstack.com/reflection-allowed": "true",
    "reflector.v1.k8s.emberstack.com/reflects": "kube-system/other",
    "replicator.v1.mittwald.de/replicate-to": "*",
    "replicator.v1.mittwald.de/replicate-from": "kube-system/other",
    "kubed.appscode.com/sync": "",
  };
  for (const [index, [annotation, value]] of Object.entries(copying).entries()) {
    table.proves("annotations", `annotation ${annotation} is refused`, async () => {
      const name = `copied-${index}`;
      const template = { metadata: { annotations: { [annotation]: value } } };
      await tenantApplies({ name, items: { a: "1" }, template });
      await refused("tenant", name, "SecretForbidden", new RegExp(annotation.replaceAll(".", "\\.")));
      assert.equal(await scene.secret("tenant", name), null);
    });
  }

  table.proves("metadata", "finalizers, owners and the server's own fields do not pass", async () => {
    const metadata = {
      name: "somewhere",
      namespace: controllerNamespace,
      generateName: "x-",
      uid: "00000000-0000-0000-0000-000000000000",
      resourceVersion: "1",
      generation: 7,
      creationTimestamp: "2001-01-01T00:00:00Z",
      deletionTimestamp: "2001-01-01T00:00:00Z",
      deletionGracePeriodSeconds: 0,
      selfLink: "/x",
      finalizers: ["example.com/never"],
      ownerReferences: [otherOwner],
      managedFields: [
        { manager: "x", operation: "Apply", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1: {} },
      ],
      labels: { kept: "1" },
      annotations: {
        kept: "1",
        "signet.dev/managed-items": '["a"]',
        "signet.dev/anything": "x",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
      },
    };
    const stored = await tenantApplies({ name: "metadata", items: { a: "1" }, template: { metadata } });
    const secret = await scene.untilSecret("tenant", "metadata");
    const {
      managedFields: _managedFields,
      creationTimestamp,
      resourceVersion,
      uid,
      ...rest
    } = secret.metadata;
    const { name, uid: ownerUid } = stored.metadata;
    assert.deepEqual(rest, {
      name: "metadata",
      namespace: "tenant",
      labels: { kept: "1" },
      annotations: { kept: "1" },
      ownerReferences: [
        { apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", name, uid: ownerUid, controller: true },
      ],
    });
    assert.notEqual(uid, metadata.uid);
    assert.notEqual(resourceVersion, "1");
    assert.notEqual(creationTimestamp, metadata.creationTimestamp);
  });

  const wholes: { name: string; secret: Record<string, unknown>; says: RegExp }[] = [
    {
      name: "whole-label",
      secret: { metadata: { labels: { [keyLabel]: "active" } } },
      says: /sealed-secrets-key/,
    },
    {
      name: "whole-type",
      secret: { type: "kubernetes.io/service-account-token" },
      says: /service-account-token/,
    },
    {
      name: "whole-annotation",
      secret: { metadata: { annotations: { "replicator.v1.mittwald.de/replicate-to": "*" } } },
      says: /replicate-to/,
    },
  ];
  for (const { name, secret, says } of wholes) {
    table.proves("whole-object", `the whole-object form is judged alike: ${name}`, async () => {
      const content = { metadata: {}, data: { a: "MQ==" }, ...secret };
      const whole = { apiVersion: "v1", kind: "Secret", ...content };
      await tenantSends(await sealer.wholeObject({ namespace: "tenant", name, secret: whole }));
      await refused("tenant", name, "SecretForbidden", says);
      assert.equal(await scene.secret("tenant", name), null);
    });
  }

  table.proves("whole-object", "finalizers and owners inside the whole-object form do not pass", async () => {
    const metadata = { finalizers: ["example.com/never"], ownerReferences: [otherOwner], uid: "x" };
    const secret = { apiVersion: "v1", kind: "Secret", metadata, data: { a: "MQ==" } };
    await tenantSends(await sealer.wholeObject({ namespace: "tenant", name: "whole-metadata", secret }));
    const made = await scene.untilSecret("tenant", "whole-metadata");
    assert.equal(made.metadata.finalizers, undefined);
    assert.deepEqual(
      made.metadata.ownerReferences?.map(({ kind, name }) => ({ kind, name })),
      [{ kind: "SealedSecret", name: "whole-metadata" }],
    );
  });

  table.proves("at-last", "an owned Secret is not turned into what may not be made", async () => {
    await tenantApplies({ name: "turned", items: { a: "1" } });
    const before = await scene.untilSecret("tenant", "turned");
    await scene.untilSynced("tenant", "turned", "True");
    const template = { metadata: { labels: { [keyLabel]: "active" } } };
    await tenantApplies({ name: "turned", items: { a: "1" }, template });
    await refused("tenant", "turned", "SecretForbidden", /sealed-secrets-key/);
    assert.deepEqual(await scene.secret("tenant", "turned"), before);
  });

  table.everyRowHasATest();

  async function tenantApplies(content: SealedObject): Promise<KubeObject> {
    return tenantSends(await sealer.object({ namespace: "tenant", ...content }));
  }

  /** Creates or replaces with the tenant's own token. */
  async function tenantSends(object: KubeObject): Promise<KubeObject> {
    const { namespace = "", name } = object.metadata;
    const token = tenantToken;
    const created = await cluster.request("POST", sealedPath(namespace), object, { token });
    if (created.status === 201) return created.body as KubeObject;
    assert.equal(created.status, 409, JSON.stringify(created.body));
    const path = sealedPath(namespace, name);
    const present = (await cluster.request("GET", path, undefined, { token })).body as KubeObject;
    const { resourceVersion = "" } = present.metadata;
    const body = { ...object, metadata: { ...object.metadata, resourceVersion } };
    const replaced = await cluster.request("PUT", path, body, { token });
    assert.equal(replaced.status, 200, JSON.stringify(replaced.body));
    return replaced.body as KubeObject;
  }

  async function refused(namespace: string, name: string, reason: string, says: RegExp): Promise<void> {
    const status = await scene.untilSynced(namespace, name, "False");
    const synced = conditionOf(status, "Synced");
    assert.equal(synced.reason, reason);
    assert.match(synced.message ?? "", says);
    assert.equal(conditionOf(status, "Stalled").status, "True");
    await scene.untilEvent(namespace, name, "ErrUpdateFailed", says);
  }
});

/** Alice writes SealedSecrets in a namespace and reads their events there; nothing else. */
function rightsOfTenant(namespace: string): KubeObject[] {
  const group = "rbac.authorization.k8s.io";
  return [
    {
      apiVersion: `${group}/v1`,
      kind: "Role",
      metadata: { namespace, name: "tenant" },
      rules: [
        {
          apiGroups: ["bitnami.com"],
          resources: ["sealedsecrets"],
          verbs: ["get", "list", "create", "update", "delete"],
        },
        { apiGroups: [""], resources: ["events"], verbs: ["get", "list"] },
      ],
    },
    {
      apiVersion: `${group}/v1`,
      kind: "RoleBinding",
      metadata: { namespace, name: "tenant" },
      roleRef: { apiGroup: group, kind: "Role", name: "tenant" },
      subjects: [{ kind: "User", apiGroup: group, name: "alice" }],
    },
  ];
}

import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { isRecord, type KubeObject } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { renderChart } from "../support/helm.ts";
import { testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { type Scene, sceneOf, sealedPath } from "../support/sealed-secret-scene.ts";
import { type SignetController, startSignetController } from "../support/signet-controller.ts";

requireNetbox();

const wide = "sealedsecrets.bitnami.com/cluster-wide";
const namespaceWide = "sealedsecrets.bitnami.com/namespace-wide";

/** What is tried, where, and what must come of it: null when it is let through, else what the refusal says. */
type Trial = {
  namespace?: string;
  annotations?: Record<string, string>;
  spec?: object;
  refusal: RegExp | null;
};

const template = (content: object): object => ({ encryptedData: { a: "AgA=" }, template: content });
const labelled = (labels: object): object => template({ metadata: { labels } });
const annotated = (annotations: object): object => template({ metadata: { annotations } });

const trials: Record<string, Trial> = {
  "a plain one": { refusal: null },
  "a type of one's own": { spec: template({ type: "kubernetes.io/tls" }), refusal: null },
  "a template whose metadata is null": { spec: template({ metadata: null }), refusal: null },
  "labels and annotations of one's own": {
    spec: template({ metadata: { labels: { app: "x" }, annotations: { note: "x" } } }),
    refusal: null,
  },
  "a token of a service account": {
    spec: template({ type: "kubernetes.io/service-account-token" }),
    refusal: /Secrets of type kubernetes\.io\/service-account-token are not allowed/,
  },
  "a bootstrap token": {
    spec: template({ type: "bootstrap.kubernetes.io/token" }),
    refusal: /type bootstrap\.kubernetes\.io\/token/,
  },
  "a release of Helm": { spec: template({ type: "helm.sh/release.v1" }), refusal: /helm\.sh\/release\.v1/ },
  "a sealing key": {
    spec: labelled({ "sealedsecrets.bitnami.com/sealed-secrets-key": "active" }),
    refusal: /the label sealedsecrets\.bitnami\.com\/sealed-secrets-key/,
  },
  "an identity": {
    spec: labelled({ "signet.dev/age-identities": "x" }),
    refusal: /label signet\.dev\/age-identities/,
  },
  "a replicated Secret": {
    spec: annotated({ ok: "1", "replicator.v1.mittwald.de/replicate-to": ".*" }),
    refusal: /the annotation replicator\.v1\.mittwald\.de\/replicate-to/,
  },
  "another replicated Secret": {
    spec: annotated({ "kubed.appscode.com/sync": "" }),
    refusal: /annotation kubed\.appscode\.com\/sync/,
  },
  "the same marks on the SealedSecret itself": {
    annotations: { "replicator.v1.mittwald.de/replicate-to": ".*" },
    refusal: null,
  },
  "the old form": { spec: { encryptedData: {}, data: "AgA=" }, refusal: /spec\.data, the old form/ },
  "a wide scope where all are allowed": { annotations: { [wide]: "true" }, refusal: null },
  "cluster-wide where it is not": {
    namespace: "narrow",
    annotations: { [wide]: "true" },
    refusal: /scope cluster-wide is not allowed in namespace narrow, only strict, namespace-wide/,
  },
  "namespace-wide where it is": {
    namespace: "narrow",
    annotations: { [namespaceWide]: "true" },
    refusal: null,
  },
  "both marks: the wider counts": {
    namespace: "narrow",
    annotations: { [wide]: "true", [namespaceWide]: "true" },
    refusal: /scope cluster-wide/,
  },
  "a mark that is not true": { namespace: "narrow", annotations: { [wide]: "false" }, refusal: null },
  "strict where nothing else is allowed": { namespace: "strictest", refusal: null },
  "namespace-wide where only strict is": {
    namespace: "strictest",
    annotations: { [namespaceWide]: "true" },
    refusal: /scope namespace-wide .* only strict/,
  },
  "anything where the policy does not hold": {
    namespace: "exempt",
    spec: template({ type: "kubernetes.io/service-account-token" }),
    refusal: null,
  },
};

suite("the admission policy of the chart", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let signet: SignetController;
  let count = 0;

  before(async () => {
    cluster = await startInstalledCluster({ controllerManager: true });
    scene = sceneOf(cluster);
    await cluster.apply(
      Object.entries({ narrow: "strict_namespace-wide", strictest: "strict", exempt: "strict" }).map(
        ([name, scopes]) => ({
          apiVersion: "v1",
          kind: "Namespace",
          metadata: { name, labels: { "signet.dev/allowed-scopes": scopes } },
        }),
      ),
    );
    // It stands before the policy does.
    await cluster.apply([sealed("early", { spec: template({ type: "helm.sh/release.v1" }) })]);
    const notExempt = { key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["exempt"] };
    const values = {
      admissionPolicy: { enabled: true, namespaceSelector: { matchExpressions: [notExempt] } },
    };
    const objects = await renderChart({ values });
    await cluster.apply(objects.filter(({ kind }) => kind.startsWith("ValidatingAdmission")));
    await waitUntil({ what: "the policy to hold" }, async () => {
      const probe = sealed("probe", { spec: template({ type: "helm.sh/release.v1" }) });
      return (await create(probe, "?dryRun=All")).status === 403 ? true : null;
    });
    signet = await startSignetController({ controlPlane: cluster, install: false });
  });
  after(async () => {
    await signet?.stop();
    await cluster?.stop();
  });

  for (const [what, { refusal, ...trial }] of Object.entries(trials)) {
    test(`${what} is ${refusal === null ? "let through" : "refused"}`, async () => {
      count += 1;
      const { status, message } = await create(sealed(`trial-${count}`, trial));
      if (refusal === null) assert.equal(status, 201, message);
      else {
        assert.equal(status, 403);
        assert.match(message, refusal);
        assert.match(message, /denied request/);
      }
    });
  }

  test("a change is judged as a new one is", async () => {
    await cluster.apply([sealed("changing", {})]);
    const path = sealedPath("default", "changing");
    const merge = (body: unknown) =>
      cluster.request("PATCH", path, body, { contentType: "application/merge-patch+json" });
    const type = { spec: { template: { type: "helm.sh/release.v1" } } };
    assert.equal((await merge(type)).status, 403);
    assert.equal((await merge({ metadata: { labels: { a: "1" } } })).status, 200);
  });

  test("what stood before may be labelled and freed of finalizers, but not changed to another wrong", async () => {
    const path = sealedPath("default", "early");
    const merge = (body: unknown) =>
      cluster.request("PATCH", path, body, { contentType: "application/merge-patch+json" });
    assert.equal(
      (await merge({ metadata: { labels: { a: "1" }, finalizers: ["x.example.com/y"] } })).status,
      200,
    );
    assert.equal((await merge({ spec: { encryptedData: { b: "AgA=" } } })).status, 403);
    assert.equal((await cluster.request("DELETE", path)).status, 200);
    assert.equal((await merge({ metadata: { annotations: { z: "1" }, finalizers: null } })).status, 200);
    assert.equal(await scene.sealedSecret("default", "early"), null);
  });

  test("the controller's own writes pass: a status, and of what stands wrong, too", async () => {
    const sealer = await testSealer(await (await fetch(`${signet.url}/v1/cert.pem`)).text());
    await cluster.apply([await sealer.object({ namespace: "strictest", name: "good", items: { a: "1" } })]);
    await scene.untilSynced("strictest", "good", "True");
    await cluster.apply([
      sealed("wrong", { namespace: "exempt", spec: template({ type: "helm.sh/release.v1" }) }),
    ]);
    await scene.untilSynced("exempt", "wrong", "False");
  });

  function sealed(
    name: string,
    {
      namespace = "default",
      annotations = {},
      spec = { encryptedData: { a: "AgA=" } },
    }: Omit<Trial, "refusal">,
  ): KubeObject {
    const apiVersion = "bitnami.com/v1alpha1";
    return { apiVersion, kind: "SealedSecret", metadata: { name, namespace, annotations }, spec };
  }

  async function create(object: KubeObject, query = ""): Promise<{ status: number; message: string }> {
    const path = `${sealedPath(object.metadata.namespace ?? "")}${query}`;
    const { status, body } = await cluster.request("POST", path, object);
    return { status, message: isRecord(body) ? String(body["message"]) : "" };
  }
});

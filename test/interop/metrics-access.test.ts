import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { metricsAccess } from "../../controller/http/metrics-access.ts";
import { loadKubeConfig } from "../../shared/kube/config.ts";
import { connectKube } from "../../shared/kube/http-client.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { isRecord } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";

let cluster: ControlPlane;
const reader = { serviceAccount: { namespace: "monitoring", name: "prometheus" } };

/** A ClusterRole bound to a service account. */
function grant(name: string, rules: object[], namespace: string, account: string) {
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name };
  return [
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name }, rules },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef,
      subjects: [{ kind: "ServiceAccount", name: account, namespace }],
    },
  ];
}

/** Resolves once the API server goes by a right that was granted: it learns of roles by a watch. */
async function untilAllowed(
  { serviceAccount: { namespace, name } }: typeof reader,
  what: Record<string, object>,
): Promise<void> {
  const path = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
  const body = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: { user: `system:serviceaccount:${namespace}:${name}`, ...what },
  };
  await waitUntil({ what: `${name} to have a right` }, async () => {
    const review = await cluster.request("POST", path, body);
    const status = isRecord(review.body) ? review.body["status"] : null;
    return isRecord(status) && status["allowed"] === true ? true : null;
  });
}

before(async () => {
  cluster = await startControlPlane();
});
after(() => cluster.stop());

test("with --metrics-auth only who may get /metrics reads them", { timeout: 240_000 }, async () => {
  const controller = { serviceAccount: { namespace: "kube-system", name: "sealed-secrets-controller" } };
  const token = await cluster.tokenFor(reader);
  const stranger = await cluster.tokenFor({ user: "alice" });
  const kubeconfig = await cluster.kubeconfigFor(controller);
  const client = connectKube(await loadKubeConfig({ kubeconfig }), { version: "test" });
  let now = 0;
  const reviewed = metricsAccess(client, () => now);
  const access = (authorization: string | undefined) => reviewed(authorization, "10.0.0.1");

  assert.equal(await access(`Bearer ${token}`), 503, "without the right to ask, nobody is let in");
  await cluster.apply(
    grant(
      "metrics-auth",
      [
        { apiGroups: ["authentication.k8s.io"], resources: ["tokenreviews"], verbs: ["create"] },
        { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
      ],
      "kube-system",
      "sealed-secrets-controller",
    ),
  );
  for (const resource of ["tokenreviews", "subjectaccessreviews"]) {
    const group = resource === "tokenreviews" ? "authentication.k8s.io" : "authorization.k8s.io";
    await untilAllowed(controller, { resourceAttributes: { group, resource, verb: "create" } });
  }
  assert.equal(await access(`Bearer ${token}`), 403);
  await cluster.apply(
    grant("metrics-reader", [{ nonResourceURLs: ["/metrics"], verbs: ["get"] }], "monitoring", "prometheus"),
  );
  assert.equal(await access(`Bearer ${token}`), 403, "the refusal is remembered for a minute");
  await untilAllowed(reader, { nonResourceAttributes: { path: "/metrics", verb: "get" } });
  now += 61_000;
  assert.equal(await access(`Bearer ${token}`), 200);
  assert.equal(await access(`Bearer ${stranger}`), 403);
  assert.equal(await access(`Bearer ${token}x`), 401);
  assert.equal(await access(undefined), 401);
  assert.equal(await access(`Basic ${token}`), 401);
  await client.close();
});

import assert from "node:assert/strict";
import type { AuditEvent } from "../../support/control-plane/audit-log.ts";
import type { ControlPlane } from "../../support/control-plane/control-plane.ts";
import type { KubeObject } from "../../support/control-plane/kube-object.ts";
import { waitUntil } from "../../support/control-plane/wait-until.ts";
import { controllerName, controllerNamespace } from "../../support/signet-controller.ts";
import type { Scenarios } from "./stage.ts";

const account = `system:serviceaccount:${controllerNamespace}:${controllerName}`;

/** That all before it was done with the rights granted. To be declared last. */
export const granted: Scenarios = (table, stage) => {
  table.proves("granted", "the audit log shows no call beyond what is granted", async () => {
    const { cluster, shape } = stage();
    const serviceAccount = { namespace: controllerNamespace, name: controllerName };
    const token = await cluster.tokenFor({ serviceAccount });
    // What is forbidden shows in the log, and is told from what an admission policy denies: both answer 403.
    assert.equal((await cluster.request("GET", "/api/v1/nodes", undefined, { token })).status, 403);
    await deniedByAdmission(cluster, token);
    const calls = await waitUntil({ what: "those calls in the log" }, async () => {
      const all = (await cluster.auditEvents()).filter(({ user }) => user === account);
      return all.some(({ name, code }) => name === "denied-by-policy" && code === 403) ? all : null;
    });
    assert.deepEqual(calls.filter(({ decision }) => decision !== "allow").map(spelled), [
      "forbid list nodes",
    ]);
    assert.deepEqual(calls.filter(({ code }) => code === 401 || code === 403).map(spelled), [
      "forbid list nodes",
      `allow create configmaps ${controllerNamespace} denied-by-policy`,
    ]);

    const namespaces = new Set(calls.map(({ namespace }) => namespace));
    for (const namespace of shape.others) assert.ok(!namespaces.has(namespace), namespace);
    if (shape.others.length > 0) {
      const everywhere = calls.filter(
        ({ namespace, resource }) => namespace === "" && !["", "nodes"].includes(resource),
      );
      assert.deepEqual(everywhere.map(spelled), []);
    }
    // Every right came from the chart's own roles, and none of them from a role that others happen to have.
    const strange = calls.filter(
      ({ decision, decidedBy }) => decision === "allow" && !decidedBy.includes(`"${controllerName}`),
    );
    assert.deepEqual(
      strange.map(({ decidedBy }) => decidedBy),
      [],
    );
    if (shape.others.length > 0)
      assert.ok(!calls.some(({ decidedBy }) => decidedBy.includes("ClusterRole")), "Roles alone");
    for (const kind of ["sealedsecrets", "secrets", "events", "configmaps", "leases"])
      assert.ok(
        calls.some(({ resource }) => resource === kind),
        kind,
      );
  });
};

/** Has one call that the account may make denied by an admission policy, and waits until it is. */
async function deniedByAdmission(cluster: ControlPlane, token: string): Promise<void> {
  const name = "denied-by-policy";
  const apiVersion = "admissionregistration.k8s.io/v1";
  const policy: KubeObject = {
    apiVersion,
    kind: "ValidatingAdmissionPolicy",
    metadata: { name },
    spec: {
      failurePolicy: "Fail",
      matchConstraints: {
        resourceRules: [
          { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["configmaps"] },
        ],
      },
      validations: [{ expression: `object.metadata.name != "${name}"`, reason: "Forbidden" }],
    },
  };
  const binding: KubeObject = {
    apiVersion,
    kind: "ValidatingAdmissionPolicyBinding",
    metadata: { name },
    spec: { policyName: name, validationActions: ["Deny"] },
  };
  await cluster.apply([policy, binding]);
  const path = `/api/v1/namespaces/${controllerNamespace}/configmaps?dryRun=All`;
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name } };
  await waitUntil({ what: "the admission policy to deny" }, async () =>
    (await cluster.request("POST", path, configMap, { token })).status === 403 ? true : null,
  );
}

function spelled({ decision, verb, resource, namespace, name }: AuditEvent): string {
  return [decision, verb, resource, namespace, name].filter(Boolean).join(" ");
}

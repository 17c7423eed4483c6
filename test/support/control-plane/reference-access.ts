import type { KubeObject } from "./kube-object.ts";

/** Where a reference installation lives. */
export type Installation = { namespace: string; serviceName: string; serviceAccount: string };

const rbac = "rbac.authorization.k8s.io";

/** @returns the roles and bindings the reference controller runs with, and those that let users reach its Service. */
export function referenceAccess({ namespace, serviceName, serviceAccount }: Installation): KubeObject[] {
  const controller = { kind: "ServiceAccount", name: serviceAccount, namespace };
  const everyone = { kind: "Group", apiGroup: rbac, name: "system:authenticated" };
  return [
    clusterRole("secrets-unsealer", [
      { apiGroups: ["bitnami.com"], resources: ["sealedsecrets"], verbs: ["get", "list", "watch"] },
      { apiGroups: ["bitnami.com"], resources: ["sealedsecrets/status"], verbs: ["update"] },
      {
        apiGroups: [""],
        resources: ["secrets"],
        verbs: ["get", "list", "create", "update", "delete", "watch"],
      },
      { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
      { apiGroups: [""], resources: ["namespaces"], verbs: ["get"] },
    ]),
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "sealed-secrets-controller" },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "secrets-unsealer" },
      subjects: [controller],
    },
    role(namespace, "sealed-secrets-key-admin", [
      { apiGroups: [""], resources: ["secrets"], verbs: ["create", "list"] },
    ]),
    roleBinding(namespace, "sealed-secrets-controller", "sealed-secrets-key-admin", controller),
    role(namespace, "sealed-secrets-service-proxier", [
      { apiGroups: [""], resources: ["services"], resourceNames: [serviceName], verbs: ["get"] },
      {
        apiGroups: [""],
        resources: ["services/proxy"],
        resourceNames: [`http:${serviceName}:`, `http:${serviceName}:http`, serviceName],
        verbs: ["create", "get"],
      },
    ]),
    roleBinding(namespace, "sealed-secrets-service-proxier", "sealed-secrets-service-proxier", everyone),
  ];
}

function clusterRole(name: string, rules: object[]): KubeObject {
  return { apiVersion: `${rbac}/v1`, kind: "ClusterRole", metadata: { name }, rules };
}

function role(namespace: string, name: string, rules: object[]): KubeObject {
  return { apiVersion: `${rbac}/v1`, kind: "Role", metadata: { name, namespace }, rules };
}

function roleBinding(namespace: string, name: string, roleName: string, subject: object): KubeObject {
  return {
    apiVersion: `${rbac}/v1`,
    kind: "RoleBinding",
    metadata: { name, namespace },
    roleRef: { apiGroup: rbac, kind: "Role", name: roleName },
    subjects: [subject],
  };
}

import type { ApiRequest } from "./api-request.ts";
import { isRecord, type KubeObject } from "./kube-object.ts";
import { waitUntil } from "./wait-until.ts";

const rbac = "/apis/rbac.authorization.k8s.io/v1";

/**
 * Waits until the API server goes by bindings of roles, which it learns of by watches some time after they were stored:
 * what is asked for before is refused. Of each binding the last rule is tried for its first subject.
 * @param objects those that are no bindings are passed over, and so are bindings of roles that are not there.
 */
export async function untilGranted(request: ApiRequest, objects: readonly KubeObject[]): Promise<void> {
  for (const binding of objects) {
    if (binding.kind !== "RoleBinding" && binding.kind !== "ClusterRoleBinding") continue;
    const spec = await reviewOf(request, binding);
    if (spec === null) continue;
    const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
    await waitUntil({ what: `the rights of ${binding.metadata.name} to count`, everyMs: 20 }, async () => {
      const { body } = await request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review);
      return isRecord(body) && isRecord(body["status"]) && body["status"]["allowed"] === true ? true : null;
    });
  }
}

async function reviewOf(request: ApiRequest, binding: KubeObject): Promise<object | null> {
  const { namespace } = binding.metadata;
  const { kind, name } = isRecord(binding["roleRef"]) ? binding["roleRef"] : {};
  const place = kind === "Role" ? `namespaces/${namespace}/roles` : "clusterroles";
  const { status, body } = await request("GET", `${rbac}/${place}/${String(name)}`);
  const rule = status === 200 && isRecord(body) ? last(body["rules"]) : undefined;
  const [subject] = listOf(binding["subjects"]);
  if (!isRecord(rule) || !isRecord(subject)) return null;
  const verb = last(rule["verbs"]);
  const path = last(rule["nonResourceURLs"]);
  if (path !== undefined) return { ...whoIs(subject), nonResourceAttributes: { path, verb } };
  const [resource, subresource] = String(last(rule["resources"])).split("/");
  const group = last(rule["apiGroups"]);
  const named = last(rule["resourceNames"]);
  const attributes = { namespace, group, resource, subresource, verb, name: named };
  return { ...whoIs(subject), resourceAttributes: attributes };
}

/** The subject of a binding, as a review names it. */
function whoIs({ kind, name, namespace }: Record<string, unknown>): object {
  if (kind === "Group") return { user: "somebody", groups: [name] };
  return { user: kind === "ServiceAccount" ? `system:serviceaccount:${namespace}:${name}` : name };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function last(value: unknown): unknown {
  return listOf(value).at(-1);
}

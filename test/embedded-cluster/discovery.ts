import type { ApiResource, ResourceCatalog } from "./resources.ts";
import { apiVersionOf } from "./resources.ts";

/** The version this server says it is; clients parse it. */
const serverVersion = {
  major: "1",
  minor: "36",
  gitVersion: "v1.36.3",
  gitCommit: "",
  gitTreeState: "",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "go1.26",
  compiler: "gc",
  platform: "linux/amd64",
};

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const statusVerbs = ["get", "patch", "update"];

function groupOf(resources: ApiResource[], name: string): object {
  const versions = [...new Set(resources.filter((one) => one.group === name).map(apiVersionOf))].map(
    (groupVersion) => ({ groupVersion, version: groupVersion.slice(name.length + 1) }),
  );
  return { name, versions, preferredVersion: versions[0] };
}

function resourceList(resources: ApiResource[], groupVersion: string): object | null {
  const served = resources.filter((one) => apiVersionOf(one) === groupVersion);
  if (served.length === 0) return null;
  const entries = served.flatMap(({ plural, kind, namespaced, status }) => [
    { name: plural, singularName: kind.toLowerCase(), namespaced, kind, verbs },
    ...(status ? [{ name: `${plural}/status`, singularName: "", namespaced, kind, verbs: statusVerbs }] : []),
    ...(plural === "services"
      ? [{ name: "services/proxy", singularName: "", namespaced, kind: "ServiceProxyOptions", verbs }]
      : []),
  ]);
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: entries };
}

/** @returns the discovery document or health answer at a path, null when there is none. Text is sent as text. */
export function discover(path: string, catalog: ResourceCatalog): object | string | null {
  const resources = catalog.all();
  const groups = [...new Set(resources.map(({ group }) => group))].filter((group) => group !== "");
  if (path === "/version") return serverVersion;
  if (["/readyz", "/livez", "/healthz"].includes(path)) return "ok";
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"] };
  if (path === "/apis")
    return {
      kind: "APIGroupList",
      apiVersion: "v1",
      groups: groups.map((group) => groupOf(resources, group)),
    };
  if (path === "/api/v1") return resourceList(resources, "v1");
  const [, group, version] = /^\/apis\/([^/]+)(?:\/([^/]+))?$/.exec(path) ?? [];
  if (group === undefined || !groups.includes(group)) return null;
  if (version === undefined) return { kind: "APIGroup", apiVersion: "v1", ...groupOf(resources, group) };
  return resourceList(resources, `${group}/${version}`);
}

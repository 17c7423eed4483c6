import type { ApiObject } from "./api-object.ts";
import { isJsonObject } from "./api-object.ts";

/** What the API server knows of one resource. */
export interface ApiResource {
  group: string;
  version: string;
  plural: string;
  kind: string;
  namespaced: boolean;
  /** Has a `/status` subresource, so that the main resource ignores `status`. */
  status: boolean;
  /** Defined by a CustomResourceDefinition. */
  custom: boolean;
  /** Counts `metadata.generation`. */
  generation: boolean;
  /** A PUT of an absent object creates it. */
  createOnUpdate: boolean;
  /** A PUT without resourceVersion overwrites; otherwise it is refused with 422. */
  unconditionalUpdate: boolean;
  /** DELETE answers with the object instead of a Status. */
  deletionReturnsObject: boolean;
  /** Fields kept beside apiVersion, kind and metadata; null keeps all. */
  fields: readonly string[] | null;
  /** Field selectors beside metadata.name and metadata.namespace. */
  fieldLabels: readonly string[];
  /** Schema of a custom resource (`openAPIV3Schema`), when its definition gave one. */
  schema?: unknown;
}

const eventFieldLabels = [
  "kind",
  "namespace",
  "name",
  "uid",
  "apiVersion",
  "resourceVersion",
  "fieldPath",
].map((field) => `involvedObject.${field}`);

const core = { group: "", version: "v1", namespaced: true };
const rbac = { group: "rbac.authorization.k8s.io", version: "v1", createOnUpdate: true };

const builtIn = (
  part: Pick<ApiResource, "group" | "version" | "plural" | "kind"> & Partial<ApiResource>,
): ApiResource => ({
  namespaced: false,
  status: false,
  custom: false,
  generation: false,
  createOnUpdate: false,
  unconditionalUpdate: true,
  deletionReturnsObject: false,
  fields: null,
  fieldLabels: [],
  ...part,
});

const builtInResources: readonly ApiResource[] = [
  builtIn({
    ...core,
    plural: "namespaces",
    kind: "Namespace",
    namespaced: false,
    status: true,
    deletionReturnsObject: true,
    fields: ["spec", "status"],
    fieldLabels: ["status.phase"],
  }),
  builtIn({
    ...core,
    plural: "secrets",
    kind: "Secret",
    fields: ["data", "stringData", "type", "immutable"],
    fieldLabels: ["type"],
  }),
  builtIn({ ...core, plural: "configmaps", kind: "ConfigMap", fields: ["data", "binaryData", "immutable"] }),
  builtIn({
    ...core,
    plural: "services",
    kind: "Service",
    status: true,
    createOnUpdate: true,
    deletionReturnsObject: true,
    fields: ["spec", "status"],
  }),
  builtIn({
    ...core,
    plural: "pods",
    kind: "Pod",
    status: true,
    deletionReturnsObject: true,
    fields: ["spec", "status"],
    fieldLabels: ["spec.nodeName", "status.phase", "status.podIP"],
  }),
  builtIn({ ...core, plural: "endpoints", kind: "Endpoints", createOnUpdate: true, fields: ["subsets"] }),
  builtIn({
    ...core,
    plural: "events",
    kind: "Event",
    createOnUpdate: true,
    fieldLabels: [...eventFieldLabels, "reason", "type", "reportingComponent"],
  }),
  builtIn({
    ...core,
    plural: "serviceaccounts",
    kind: "ServiceAccount",
    deletionReturnsObject: true,
    fields: ["secrets", "imagePullSecrets", "automountServiceAccountToken"],
  }),
  builtIn({
    group: "apiextensions.k8s.io",
    version: "v1",
    plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition",
    status: true,
    generation: true,
    unconditionalUpdate: false,
    fields: ["spec", "status"],
  }),
  builtIn({
    group: "coordination.k8s.io",
    version: "v1",
    plural: "leases",
    kind: "Lease",
    namespaced: true,
    createOnUpdate: true,
    unconditionalUpdate: false,
    fields: ["spec"],
  }),
  builtIn({ ...rbac, plural: "roles", kind: "Role", namespaced: true, fields: ["rules"] }),
  builtIn({
    ...rbac,
    plural: "rolebindings",
    kind: "RoleBinding",
    namespaced: true,
    fields: ["subjects", "roleRef"],
  }),
  builtIn({ ...rbac, plural: "clusterroles", kind: "ClusterRole", fields: ["rules", "aggregationRule"] }),
  builtIn({
    ...rbac,
    plural: "clusterrolebindings",
    kind: "ClusterRoleBinding",
    fields: ["subjects", "roleRef"],
  }),
];

/** The SealedSecret resource as it is served before its definition was applied. */
export const sealedSecretResource: ApiResource = builtIn({
  group: "bitnami.com",
  version: "v1alpha1",
  plural: "sealedsecrets",
  kind: "SealedSecret",
  namespaced: true,
  status: true,
  custom: true,
  generation: true,
  unconditionalUpdate: false,
});

/** Key of a resource in the store: `secrets`, `sealedsecrets.bitnami.com`. */
export const resourceKey = (resource: Pick<ApiResource, "group" | "plural">): string =>
  resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;

/** `v1` or `group/version`. */
export const apiVersionOf = (resource: Pick<ApiResource, "group" | "version">): string =>
  resource.group === "" ? resource.version : `${resource.group}/${resource.version}`;

/** The resources served at present: the built-in ones, and those that definitions add. */
export class ResourceCatalog {
  readonly #resources = new Map(builtInResources.map((resource) => [resourceKey(resource), resource]));

  serve(resource: ApiResource): void {
    this.#resources.set(resourceKey(resource), resource);
  }

  withdraw(key: string): void {
    this.#resources.delete(key);
  }

  all(): ApiResource[] {
    return [...this.#resources.values()];
  }

  /** @returns the resource of that key (`secrets`, `sealedsecrets.bitnami.com`), or null. */
  byKey(key: string): ApiResource | null {
    return this.#resources.get(key) ?? null;
  }

  find(group: string, version: string, plural: string): ApiResource | null {
    const found = this.byKey(resourceKey({ group, plural }));
    return found?.version === version ? found : null;
  }

  byKind(apiVersion: string, kind: string): ApiResource | null {
    return this.all().find((one) => one.kind === kind && apiVersionOf(one) === apiVersion) ?? null;
  }
}

/** Reads what a CustomResourceDefinition defines; its storage version is the one served. */
export function resourceOfDefinition(definition: ApiObject): ApiResource | null {
  const spec = definition["spec"];
  if (!isJsonObject(spec) || !isJsonObject(spec["names"]) || !Array.isArray(spec["versions"])) return null;
  const { plural, kind } = spec["names"];
  const version = (spec["versions"] as unknown[])
    .filter(isJsonObject)
    .find((one) => one["storage"] === true && one["served"] === true);
  if (version === undefined || typeof plural !== "string" || typeof kind !== "string") return null;
  const subresources = isJsonObject(version["subresources"]) ? version["subresources"] : {};
  const schema = isJsonObject(version["schema"]) ? version["schema"]["openAPIV3Schema"] : undefined;
  return builtIn({
    group: String(spec["group"]),
    version: String(version["name"]),
    plural,
    kind,
    namespaced: spec["scope"] === "Namespaced",
    status: subresources["status"] !== undefined,
    custom: true,
    generation: true,
    unconditionalUpdate: false,
    schema,
  });
}

import type { ApiResource, ResourceCatalog } from "./resources.ts";

/** A path of the resource API, taken apart. */
export interface ApiPath {
  /** Null for a resource that the group and version do not have. */
  resource: ApiResource | null;
  namespace: string | undefined;
  /** Empty for a collection. */
  name: string;
  /** Empty for the object itself. */
  subresource: string;
  /** What follows the subresource, with its leading slash. */
  rest: string;
}

/** @returns null for a path outside every served group and version. */
export function parsePath(pathname: string, catalog: ResourceCatalog): ApiPath | null {
  const segments = pathname.split("/").slice(1).map(decodeURIComponent);
  const isCore = segments[0] === "api";
  if (!isCore && segments[0] !== "apis") return null;
  const group = isCore ? "" : (segments[1] ?? "");
  const version = segments[isCore ? 1 : 2] ?? "";
  if (!catalog.all().some((one) => one.group === group && one.version === version)) return null;
  const parts = segments.slice(isCore ? 2 : 3);
  // `namespaces/NS/secrets` is a place; `namespaces/NS` and `namespaces/NS/status` are the Namespace itself.
  const isPlace =
    parts[0] === "namespaces" && parts.length > 2 && !["status", "finalize"].includes(parts[2] ?? "");
  const namespace = isPlace ? parts[1] : undefined;
  const [plural = "", name = "", subresource = "", ...rest] = isPlace ? parts.slice(2) : parts;
  const found = catalog.find(group, version, plural);
  const resource = found !== null && namespace !== undefined && !found.namespaced ? null : found;
  const offset = segments.length - rest.length;
  const raw = pathname.split("/").slice(1 + offset);
  return { resource, namespace, name, subresource, rest: rest.length === 0 ? "" : `/${raw.join("/")}` };
}

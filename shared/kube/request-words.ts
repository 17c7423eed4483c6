import type { KubeRequest } from "./client.ts";

/**
 * Says in words what a request asks for: `create secrets "db" in namespace "team-a"`. Names only, nothing of the body
 * but `metadata.name`.
 */
export function requestWords(request: Pick<KubeRequest, "method" | "path" | "query" | "body">): string {
  const segments = request.path
    .split("/")
    .filter((segment) => segment !== "")
    .map(decode);
  const rest = segments[0] === "api" ? segments.slice(2) : segments[0] === "apis" ? segments.slice(3) : null;
  if (rest === null || rest.length === 0) return `${request.method} ${request.path}`;
  const namespaced = rest[0] === "namespaces" && rest.length > 2;
  const [plural, name, subresource] = namespaced ? rest.slice(2) : rest;
  const named = name ?? nameIn(request.body);
  return [
    verb(request, name !== undefined),
    ...(subresource === undefined ? [] : [subresource, "of"]),
    plural,
    ...(named === undefined ? [] : [`"${named}"`]),
    ...(namespaced ? [`in namespace "${rest[1]}"`] : []),
  ].join(" ");
}

function verb({ method, query }: Pick<KubeRequest, "method" | "query">, named: boolean): string {
  switch (method) {
    case "GET":
      if (query?.["watch"] !== undefined) return "watch";
      return named ? "get" : "list";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    case "DELETE":
      return named ? "delete" : "delete all";
  }
}

function nameIn(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("metadata" in body)) return undefined;
  const { metadata } = body;
  if (typeof metadata !== "object" || metadata === null || !("name" in metadata)) return undefined;
  return typeof metadata.name === "string" ? metadata.name : undefined;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

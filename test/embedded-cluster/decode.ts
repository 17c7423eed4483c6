import type { ApiObject, JsonObject, ObjectMeta } from "./api-object.ts";
import { isJsonObject } from "./api-object.ts";
import { badRequest, invalid, invalidValue } from "./api-status.ts";
import type { ApiResource } from "./resources.ts";
import { apiVersionOf } from "./resources.ts";

const metadataFields: Record<string, "string" | "number" | "array" | "string map"> = {
  name: "string",
  generateName: "string",
  namespace: "string",
  uid: "string",
  resourceVersion: "string",
  generation: "number",
  creationTimestamp: "string",
  deletionTimestamp: "string",
  deletionGracePeriodSeconds: "number",
  labels: "string map",
  annotations: "string map",
  ownerReferences: "array",
  finalizers: "array",
};

const goTypeOf = (value: unknown): string =>
  Array.isArray(value) ? "array" : typeof value === "boolean" ? "bool" : typeof value;

const cannotHandle = (kind: string, version: string, why: string): Error =>
  badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${why}`);

/** The refusal of a body whose field has another type than the kind defines. */
export const wrongType = (
  resource: ApiResource,
  owner: string,
  field: string,
  value: unknown,
  wanted: string,
) =>
  cannotHandle(
    resource.kind,
    resource.version,
    `json: cannot unmarshal ${goTypeOf(value)} into Go struct field ${owner}.${field} of type ${wanted}`,
  );

/** The refusal of a body that cannot be read as its kind. */
export const undecodable = (resource: ApiResource, why: string) =>
  cannotHandle(resource.kind, resource.version, why);

/** Checks a map of strings; null values become the empty string, as the API server's decoder makes them. */
export function stringMap(
  resource: ApiResource,
  owner: string,
  field: string,
  value: unknown,
): Record<string, string> {
  if (!isJsonObject(value)) throw wrongType(resource, owner, field, value, "map[string]string");
  const entries = Object.entries(value).map(([key, one]): [string, string] => {
    if (one === null) return [key, ""];
    if (typeof one !== "string") throw wrongType(resource, owner, field, one, "string");
    return [key, one];
  });
  return Object.fromEntries(entries);
}

function decodeMetadata(resource: ApiResource, value: unknown): ObjectMeta {
  if (value === undefined || value === null) return {};
  if (!isJsonObject(value)) throw wrongType(resource, resource.kind, "metadata", value, "v1.ObjectMeta");
  // The decoder of built-in kinds names the path, that of custom resources the field.
  const inside = resource.custom ? "" : "metadata.";
  const kept: JsonObject = {};
  for (const [field, type] of Object.entries(metadataFields)) {
    const given = value[field];
    if (given === undefined || given === null || given === "") continue;
    if (type === "string map") {
      const map = stringMap(resource, "ObjectMeta", inside + field, given);
      if (Object.keys(map).length > 0) kept[field] = map;
    } else if (type === "array") {
      if (!Array.isArray(given)) throw wrongType(resource, "ObjectMeta", inside + field, given, "[]string");
      if (given.length > 0) kept[field] = given;
    } else {
      if (typeof given !== type) throw wrongType(resource, "ObjectMeta", inside + field, given, type);
      kept[field] = given;
    }
  }
  return kept;
}

function checkKind(resource: ApiResource, body: JsonObject): void {
  const { kind, apiVersion } = body;
  const wanted = apiVersionOf(resource);
  if (!resource.custom) {
    if (kind !== undefined && kind !== resource.kind)
      throw badRequest(
        `${kind} in version "${resource.version}" cannot be handled as a ${resource.kind}: converting to ${resource.kind}: unknown conversion`,
      );
    if (apiVersion !== undefined && apiVersion !== wanted)
      throw undecodable(resource, `no kind "${resource.kind}" is registered for version "${apiVersion}"`);
    return;
  }
  for (const [field, value] of Object.entries({ Kind: kind, apiVersion }))
    if (typeof value !== "string" || value === "")
      throw badRequest(
        `the object provided is unrecognized (must be of type ${resource.kind}): Object '${field}' is missing in '${JSON.stringify(body)}'`,
      );
  if (apiVersion !== wanted)
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`,
    );
  if (kind !== resource.kind) {
    const name = isJsonObject(body["metadata"]) ? String(body["metadata"]["name"] ?? "") : "";
    throw invalid(resource.group, String(kind), name, [
      invalidValue("kind", kind, `must be ${resource.kind}`),
    ]);
  }
}

/**
 * Reads a request's body as an object of a resource: kind and version checked or defaulted, metadata typed,
 * fields the kind does not know dropped.
 *
 * @param strict refuse unknown fields instead (`fieldValidation=Strict`); for built-in kinds only
 * @throws ApiError 400 or 422
 */
export function decodeObject(resource: ApiResource, body: unknown, strict = false): ApiObject {
  if (!isJsonObject(body))
    throw badRequest(`the object provided is unrecognized (must be of type ${resource.kind})`);
  checkKind(resource, body);
  const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = body;
  if (resource.fields !== null) {
    for (const field of Object.keys(rest)) {
      if (resource.fields.includes(field)) continue;
      if (strict) throw undecodable(resource, `strict decoding error: unknown field "${field}"`);
      delete rest[field];
    }
  }
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: decodeMetadata(resource, metadata),
    ...rest,
  };
}

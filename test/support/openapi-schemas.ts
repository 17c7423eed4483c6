import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ApiRequest } from "./control-plane/api-request.ts";
import { isRecord } from "./control-plane/kube-object.ts";

/** Where kubeconform finds the schema of a kind among the files `writeSchemas` made. */
export const schemaLocation = "{{.ResourceKind}}_{{.Group}}_{{.ResourceAPIVersion}}.json";

type Schema = Record<string, unknown>;

/**
 * Writes a JSON Schema (draft-07) of each kind the API server serves into a folder, made from its OpenAPI v3 documents
 * (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3), and closed: fields it does not name are refused.
 * @returns the kinds, as `group/version/Kind`.
 */
export async function writeSchemas(request: ApiRequest, folder: string): Promise<Set<string>> {
  // The index is called text/plain.
  const index: unknown = JSON.parse(String((await request("GET", "/openapi/v3")).body));
  const paths = isRecord(index) && isRecord(index["paths"]) ? Object.values(index["paths"]) : [];
  const kinds = new Set<string>();
  for (const path of paths.filter(isRecord)) {
    const { body: document } = await request("GET", String(path["serverRelativeURL"]));
    const components = isRecord(document) && isRecord(document["components"]) ? document["components"] : {};
    const schemas = isRecord(components["schemas"]) ? components["schemas"] : {};
    const definitions = closed(schemas) as Schema;
    for (const [name, schema] of Object.entries(schemas).filter(([, value]) => isRecord(value))) {
      for (const { group, version, kind } of kindsOf(schema as Schema)) {
        // kubeconform takes the version of the core group for its name.
        const file = `${kind.toLowerCase()}_${group === "" ? version : group}_${version}.json`;
        const root = {
          $schema: "http://json-schema.org/draft-07/schema#",
          $ref: `#/definitions/${name}`,
          definitions,
        };
        await writeFile(join(folder, file), JSON.stringify(root));
        kinds.add(`${group}/${version}/${kind}`);
      }
    }
  }
  return kinds;
}

function kindsOf(schema: Schema): { group: string; version: string; kind: string }[] {
  const kinds = schema["x-kubernetes-group-version-kind"];
  // DeleteOptions and its like are of every group.
  if (!Array.isArray(kinds) || kinds.length !== 1) return [];
  return kinds.filter(isRecord).map((one) => ({
    group: String(one["group"]),
    version: String(one["version"]),
    kind: String(one["kind"]),
  }));
}

/** The same schema for JSON Schema's own reader: references moved, nulls as a type, objects closed. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (!isRecord(value)) return value;
  const copy: Schema = {};
  for (const [key, inner] of Object.entries(value)) {
    if (key === "$ref" && typeof inner === "string")
      copy[key] = inner.replace("#/components/schemas/", "#/definitions/");
    // A default is no constraint, and its form may be none of a schema's.
    else if (key !== "default") copy[key] = closed(inner);
  }
  const isObject = copy["type"] === "object" && isRecord(copy["properties"]);
  const open = copy["x-kubernetes-preserve-unknown-fields"] === true || "additionalProperties" in copy;
  if (isObject && !open) copy["additionalProperties"] = false;
  if (copy["nullable"] === true && typeof copy["type"] === "string") copy["type"] = [copy["type"], "null"];
  return copy;
}

import type { ApiObject, JsonObject } from "./api-object.ts";
import { isJsonObject } from "./api-object.ts";
import type { FieldCause } from "./api-status.ts";
import { invalidValue, requiredValue, unsupportedValue } from "./api-status.ts";

/** Fields every object has; schemas say nothing about them. */
const envelope = ["apiVersion", "kind", "metadata"];

const typeOf = (value: unknown): string =>
  value === null
    ? "null"
    : Array.isArray(value)
      ? "array"
      : typeof value === "number" && Number.isInteger(value)
        ? "integer"
        : typeof value;

const hasType = (value: unknown, type: string): boolean =>
  typeOf(value) === type || (type === "number" && typeOf(value) === "integer");

const propertiesOf = (schema: JsonObject): JsonObject =>
  isJsonObject(schema["properties"]) ? schema["properties"] : {};

function prune(schema: unknown, value: unknown): unknown {
  if (!isJsonObject(schema)) return value;
  if (Array.isArray(value)) return value.map((item) => prune(schema["items"], item));
  if (!isJsonObject(value)) return value;
  const properties = propertiesOf(schema);
  const additional = schema["additionalProperties"];
  const keepsAll =
    schema["x-kubernetes-preserve-unknown-fields"] === true ||
    additional === true ||
    isJsonObject(additional);
  const kept: JsonObject = {};
  for (const [field, one] of Object.entries(value)) {
    const inner = Object.hasOwn(properties, field) ? properties[field] : additional;
    if (!Object.hasOwn(properties, field) && !keepsAll) continue;
    // A null for a field that is not nullable is dropped, as the defaulting step does.
    if (one === null && isJsonObject(inner) && inner["nullable"] !== true) continue;
    kept[field] = prune(inner, one);
  }
  return kept;
}

/** Drops the fields that a definition's schema does not know, as the API server does before storing. */
export function pruneObject(schema: unknown, object: ApiObject): ApiObject {
  const { apiVersion, kind, metadata, ...rest } = object;
  const pruned = prune(schema, rest);
  return { ...(isJsonObject(pruned) ? pruned : {}), apiVersion, kind, metadata };
}

function causesAt(schema: unknown, value: unknown, path: string): FieldCause[] {
  if (!isJsonObject(schema)) return [];
  if (value === null && schema["nullable"] === true) return [];
  const type = schema["type"];
  if (typeof type === "string" && !hasType(value, type)) {
    if (schema["x-kubernetes-int-or-string"] === true && ["integer", "string"].includes(typeOf(value)))
      return [];
    const cause = invalidValue(
      path,
      typeOf(value),
      `${path} in body must be of type ${type}: "${typeOf(value)}"`,
    );
    return [{ ...cause, reason: "FieldValueTypeInvalid" }];
  }
  const causes: FieldCause[] = [];
  if (Array.isArray(schema["enum"]) && !schema["enum"].includes(value))
    causes.push(unsupportedValue(path, value, schema["enum"].map(String)));
  if (typeof value === "string") {
    const { pattern, minLength, maxLength } = schema;
    if (typeof pattern === "string" && !new RegExp(pattern).test(value))
      causes.push(invalidValue(path, value, `${path} in body should match '${pattern}'`));
    if (typeof minLength === "number" && [...value].length < minLength)
      causes.push(invalidValue(path, value, `${path} in body should be at least ${minLength} chars long`));
    if (typeof maxLength === "number" && [...value].length > maxLength)
      causes.push({
        reason: "FieldValueTooLong",
        message: `Too long: may not be more than ${maxLength} bytes`,
        field: path,
      });
  }
  if (typeof value === "number") {
    const { minimum, maximum } = schema;
    if (typeof minimum === "number" && value < minimum)
      causes.push(invalidValue(path, value, `${path} in body should be greater than or equal to ${minimum}`));
    if (typeof maximum === "number" && value > maximum)
      causes.push(invalidValue(path, value, `${path} in body should be less than or equal to ${maximum}`));
  }
  if (Array.isArray(value))
    value.forEach((item, index) => void causes.push(...causesAt(schema["items"], item, `${path}[${index}]`)));
  if (isJsonObject(value)) causes.push(...fieldCauses(schema, value, path));
  return causes;
}

function fieldCauses(schema: JsonObject, value: JsonObject, path: string): FieldCause[] {
  const properties = propertiesOf(schema);
  const at = (field: string): string => (path === "" ? field : `${path}.${field}`);
  const required = Array.isArray(schema["required"]) ? (schema["required"] as string[]) : [];
  const missing = required
    .filter((field) => !Object.hasOwn(value, field))
    .map((field) => requiredValue(at(field)));
  const inner = Object.entries(value)
    .filter(([field]) => path !== "" || !envelope.includes(field))
    .flatMap(([field, one]) =>
      causesAt(
        Object.hasOwn(properties, field) ? properties[field] : schema["additionalProperties"],
        one,
        at(field),
      ),
    );
  const { maxProperties } = schema;
  if (typeof maxProperties === "number" && Object.keys(value).length > maxProperties)
    inner.push({
      reason: "FieldValueTooMany",
      message: `Too many: must have at most ${maxProperties} items`,
      field: path,
    });
  return [...missing, ...inner];
}

/**
 * Checks an object against a definition's schema: types, required, enum, pattern, lengths, bounds. Not CEL rules,
 * defaults, formats or the combinators (allOf, anyOf, oneOf, not).
 */
export function schemaCauses(schema: unknown, object: ApiObject): FieldCause[] {
  return causesAt(schema, object, "");
}

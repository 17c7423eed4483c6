import { isDeepStrictEqual } from "node:util";
import type { ApiObject } from "./api-object.ts";
import { isJsonObject } from "./api-object.ts";
import type { FieldCause } from "./api-status.ts";
import { forbiddenField, invalidValue, requiredValue, tooLong } from "./api-status.ts";
import { stringMap, undecodable, wrongType } from "./decode.ts";
import type { ApiResource } from "./resources.ts";

/** Bytes all values of a Secret or ConfigMap may hold together. */
const dataLimitBytes = 1024 * 1024;

const dataKey = "[-._a-zA-Z0-9]+";
const dataKeyMessage = `a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '${dataKey}')`;
const immutableMessage = "field is immutable when `immutable` is set";

/** Items that each Secret type must have. */
const requiredItems: Record<string, readonly string[]> = {
  "kubernetes.io/tls": ["tls.crt", "tls.key"],
  "kubernetes.io/ssh-auth": ["ssh-privatekey"],
  "kubernetes.io/dockerconfigjson": [".dockerconfigjson"],
  "kubernetes.io/dockercfg": [".dockercfg"],
};

const serviceAccountAnnotation = "kubernetes.io/service-account.name";

/** @returns the offset at which the API server's decoder stops, or null for valid base64. */
function base64Fault(text: string): number | null {
  const body = text.replace(/[\r\n]/g, "");
  const illegal = body.search(/[^A-Za-z0-9+/=]|=(?!=?$)/);
  if (illegal >= 0) return illegal;
  return body.length % 4 === 0 ? null : body.length - (body.length % 4);
}

function base64Map(resource: ApiResource, field: string, value: unknown): Record<string, string> {
  if (!isJsonObject(value)) throw wrongType(resource, resource.kind, field, value, "map[string][]uint8");
  const entries = Object.entries(value).map(([key, one]): [string, string] => {
    if (one === null) return [key, ""];
    if (typeof one !== "string") throw wrongType(resource, resource.kind, field, one, "[]uint8");
    const fault = base64Fault(one);
    if (fault !== null) throw undecodable(resource, `illegal base64 data at input byte ${fault}`);
    return [key, Buffer.from(one, "base64").toString("base64")];
  });
  return Object.fromEntries(entries);
}

const base64Items = (object: ApiObject, field: string): Record<string, string> =>
  (object[field] ?? {}) as Record<string, string>;

/** Folds `stringData` into `data` and defaults the type. */
export function decodeSecret(resource: ApiResource, object: ApiObject): ApiObject {
  const { data, stringData, type, immutable, ...rest } = object;
  const isGiven = data !== undefined && data !== null;
  const items = isGiven ? base64Map(resource, "data", data) : {};

  if (stringData !== undefined && stringData !== null)
    for (const [key, value] of Object.entries(stringMap(resource, "Secret", "stringData", stringData)))
      items[key] = Buffer.from(value, "utf8").toString("base64");
  if (type !== undefined && type !== null && typeof type !== "string")
    throw wrongType(resource, "Secret", "type", type, "v1.SecretType");
  return {
    ...rest,
    ...(isGiven || Object.keys(items).length > 0 ? { data: items } : {}),
    type: type === undefined || type === null || type === "" ? "Opaque" : type,
    ...immutableField(resource, immutable),
  } as ApiObject;
}

/** Types the values of `data` and `binaryData`. */
export function decodeConfigMap(resource: ApiResource, object: ApiObject): ApiObject {
  const { data, binaryData, immutable, ...rest } = object;
  return {
    ...rest,
    ...(data ? { data: stringMap(resource, "ConfigMap", "data", data) } : {}),
    ...(binaryData ? { binaryData: base64Map(resource, "binaryData", binaryData) } : {}),
    ...immutableField(resource, immutable),
  } as ApiObject;
}

function immutableField(resource: ApiResource, immutable: unknown): object {
  if (immutable === undefined || immutable === null) return {};
  if (typeof immutable !== "boolean")
    throw wrongType(resource, resource.kind, "immutable", immutable, "bool");
  return { immutable };
}

function itemCauses(keys: string[], totalBytes: number): FieldCause[] {
  return [
    ...keys
      .filter((key) => !new RegExp(`^${dataKey}$`).test(key))
      .map((key) => invalidValue(`data[${key}]`, key, dataKeyMessage)),
    ...(totalBytes > dataLimitBytes ? [tooLong("data", dataLimitBytes)] : []),
  ];
}

function typeCauses(object: ApiObject, items: Record<string, string>): FieldCause[] {
  const type = String(object["type"]);
  if (type === "kubernetes.io/service-account-token")
    return (object.metadata.annotations?.[serviceAccountAnnotation] ?? "") === ""
      ? [requiredValue(`metadata.annotations[${serviceAccountAnnotation}]`)]
      : [];
  if (type === "kubernetes.io/basic-auth")
    return "username" in items || "password" in items
      ? []
      : [requiredValue("data[username]"), requiredValue("data[password]")];
  const missing = (requiredItems[type] ?? []).filter((key) => !(key in items));
  if (missing.length > 0) return missing.map((key) => requiredValue(`data[${key}]`));
  if (!type.startsWith("kubernetes.io/docker")) return [];
  const key = requiredItems[type]?.[0] ?? "";
  try {
    JSON.parse(Buffer.from(items[key] ?? "", "base64").toString());
    return [];
  } catch {
    return [invalidValue(`data[${key}]`, "<secret contents redacted>", "invalid character")];
  }
}

/** Keys, size, and the items that the type asks for. */
export function secretCauses(object: ApiObject): FieldCause[] {
  const items = base64Items(object, "data");
  const totalBytes = Object.values(items).reduce((sum, one) => sum + Buffer.byteLength(one, "base64"), 0);
  return [...itemCauses(Object.keys(items), totalBytes), ...typeCauses(object, items)];
}

/** Keys and size of a ConfigMap. */
export function configMapCauses(object: ApiObject): FieldCause[] {
  const text = base64Items(object, "data");
  const binary = base64Items(object, "binaryData");
  const totalBytes =
    Object.values(text).reduce((sum, one) => sum + Buffer.byteLength(one), 0) +
    Object.values(binary).reduce((sum, one) => sum + Buffer.byteLength(one, "base64"), 0);
  return itemCauses([...Object.keys(text), ...Object.keys(binary)], totalBytes);
}

/** The type never changes; once `immutable` is set, neither do the items nor the mark. */
export function secretChangeCauses(next: ApiObject, previous: ApiObject): FieldCause[] {
  const type =
    next["type"] === previous["type"] ? [] : [invalidValue("type", next["type"], "field is immutable")];
  return [...type, ...immutabilityCauses(next, previous)];
}

/** What `immutable: true` on the stored Secret or ConfigMap forbids. */
export function immutabilityCauses(next: ApiObject, previous: ApiObject): FieldCause[] {
  if (previous["immutable"] !== true) return [];
  const fields = ["data", "binaryData"].filter((field) => !isDeepStrictEqual(next[field], previous[field]));
  if (next["immutable"] !== true) fields.unshift("immutable");
  return fields.map((field) => forbiddenField(field, immutableMessage));
}

import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "./api-object.ts";
import { isJsonObject } from "./api-object.ts";
import { ApiError, badRequest, unsupportedMediaType } from "./api-status.ts";

/** A JSON merge patch (RFC 7396). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isJsonObject(patch)) return patch;
  const result: JsonObject = isJsonObject(target) ? { ...target } : {};
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete result[field];
    else result[field] = mergePatch(result[field], value);
  }
  return result;
}

const rejected = (): ApiError =>
  new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {});

const pointer = (path: string): string[] =>
  path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));

function read(document: unknown, path: string): unknown {
  return pointer(path).reduce((value: unknown, part) => {
    if (Array.isArray(value) && /^\d+$/.test(part) && Number(part) < value.length) return value[Number(part)];
    if (isJsonObject(value) && Object.hasOwn(value, part)) return value[part];
    throw rejected();
  }, document);
}

function place(document: unknown, path: string, edit: (parent: unknown, last: string) => void): void {
  const parts = pointer(path);
  const last = parts.pop();
  if (last === undefined) throw rejected();
  edit(read(document, path.slice(0, path.lastIndexOf("/"))), last);
}

function add(document: unknown, path: string, value: unknown): void {
  place(document, path, (parent, last) => {
    if (Array.isArray(parent)) parent.splice(last === "-" ? parent.length : Number(last), 0, value);
    else if (isJsonObject(parent)) parent[last] = value;
    else throw rejected();
  });
}

function remove(document: unknown, path: string): void {
  read(document, path);
  place(document, path, (parent, last) => {
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else if (isJsonObject(parent)) delete parent[last];
  });
}

/** A JSON patch (RFC 6902). @throws ApiError 422 when an operation does not apply, 400 when the patch is none */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch))
    throw badRequest("error decoding patch: json: cannot unmarshal object into Go value");
  const document = structuredClone(target);
  for (const operation of patch) {
    if (!isJsonObject(operation)) throw badRequest("error decoding patch: an operation is no object");
    const { op, value } = operation;
    const path = String(operation["path"]);
    const from = String(operation["from"]);
    if (op === "add") add(document, path, value);
    else if (op === "remove") remove(document, path);
    else if (op === "replace") {
      remove(document, path);
      add(document, path, value);
    } else if (op === "test") {
      if (!isDeepStrictEqual(read(document, path), value)) throw rejected();
    } else if (op === "copy") add(document, path, structuredClone(read(document, from)));
    else if (op === "move") {
      const moved = read(document, from);
      remove(document, from);
      add(document, path, moved);
    } else throw rejected();
  }
  return document;
}

const patchTypes: Record<string, (target: unknown, patch: unknown) => unknown> = {
  "application/json-patch+json": jsonPatch,
  "application/merge-patch+json": mergePatch,
};

/** @returns how a content type patches. @throws ApiError 415 for types that are not modelled */
export function patchOf(contentType: string): (target: unknown, patch: unknown) => unknown {
  const patch = patchTypes[contentType];
  if (patch === undefined) throw unsupportedMediaType(Object.keys(patchTypes));
  return patch;
}

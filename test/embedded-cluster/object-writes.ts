import { randomInt, randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { ApiObject, JsonObject } from "./api-object.ts";
import { isJsonObject, wholeSecondNow, withMetadata } from "./api-object.ts";
import type { ApiStatus, FieldCause } from "./api-status.ts";
import {
  ApiError,
  alreadyExists,
  badRequest,
  conflict,
  deleted,
  forbidden,
  invalid,
  invalidValue,
  notFound,
  preconditionFailed,
  unsupportedValue,
} from "./api-status.ts";
import { decodeObject } from "./decode.ts";
import { metadataCauses, metadataChangeCauses } from "./metadata-rules.ts";
import { rulesOf } from "./object-rules.ts";
import type { ApiResource } from "./resources.ts";
import { resourceKey } from "./resources.ts";
import type { Store } from "./store.ts";
import { objectKey } from "./store.ts";
import { pruneObject, schemaCauses } from "./structural-schema.ts";

/** Judges a custom resource: null accepts it, otherwise the causes for which it is refused with 422. */
export type Validate = (object: ApiObject) => string | string[] | null;

/** What every write needs. */
export interface WriteContext {
  store: Store;
  validate: Validate | null;
}

/** Where a write goes, and the options of its query. */
export interface WriteTarget {
  resource: ApiResource;
  /** Undefined for cluster-wide resources. */
  namespace: string | undefined;
  dryRun: boolean;
  strict: boolean;
}

/** The object as written; `created` says that it was not there before. */
export interface Written {
  object: ApiObject;
  created: boolean;
}

const generatedNameAlphabet = "bcdfghjklmnpqrstvwxz2456789";
const generatedNameBaseLength = 58;
const undeletableNamespaces = ["default", "kube-system", "kube-public"];

function generatedName(base: string): string {
  const letters = Array.from({ length: 5 }, () =>
    generatedNameAlphabet.charAt(randomInt(generatedNameAlphabet.length)),
  );
  return base.slice(0, generatedNameBaseLength) + letters.join("");
}

function decode(context: WriteTarget, body: unknown): ApiObject {
  const { resource, strict } = context;
  const object = decodeObject(resource, body, strict);
  const decoded = rulesOf(resource).decode?.(resource, object) ?? object;
  return resource.schema === undefined ? decoded : pruneObject(resource.schema, decoded);
}

/** The object as it is stored: maps without entries are left out, though the rules still tell them from none. */
function encode(resource: ApiResource, object: ApiObject): ApiObject {
  if (resource.custom) return object;
  const kept = { ...object };
  for (const field of ["data", "binaryData"])
    if (isJsonObject(kept[field]) && Object.keys(kept[field]).length === 0) delete kept[field];
  return kept;
}

function refuse(resource: ApiResource, object: ApiObject, causes: FieldCause[]): void {
  if (causes.length > 0) throw invalid(resource.group, resource.kind, object.metadata.name ?? "", causes);
}

function objectCauses({ validate }: WriteContext, resource: ApiResource, object: ApiObject): FieldCause[] {
  const causes = rulesOf(resource).validate?.(object) ?? [];
  if (resource.schema !== undefined) causes.push(...schemaCauses(resource.schema, object));
  const said = resource.custom && validate !== null ? validate(object) : null;
  for (const message of said === null ? [] : [said].flat())
    causes.push({ reason: "FieldValueInvalid", message, field: "" });
  return causes;
}

function requireNamespace({ store }: WriteContext, { resource, namespace }: WriteTarget, name: string): void {
  if (namespace === undefined) return;
  const found = store.get("namespaces", objectKey(undefined, namespace));
  if (found === null) throw notFound({ group: "", plural: "namespaces" }, namespace);
  if (found.metadata.deletionTimestamp !== undefined)
    throw forbidden(
      resource,
      name,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
      [
        {
          reason: "NamespaceTerminating",
          message: `namespace ${namespace} is being terminated`,
          field: "metadata.namespace",
        },
      ],
    );
}

function requireSameNamespace(object: ApiObject, namespace: string | undefined): void {
  const given = object.metadata.namespace;
  if (given !== undefined && given !== (namespace ?? given))
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
}

/** @throws ApiError as the API server refuses: 400, 403, 404, 409, 422, 500. */
export function createObject(context: WriteContext, target: WriteTarget, body: unknown): Written {
  const { resource, namespace } = target;
  const given = decode(target, body);
  requireSameNamespace(given, namespace);
  const base = given.metadata.generateName;
  const name = given.metadata.name ?? (base === undefined ? undefined : generatedName(base));
  requireNamespace(context, target, name ?? "");
  const initial = withMetadata(given, {
    name,
    namespace,
    uid: randomUUID(),
    creationTimestamp: wholeSecondNow(),
    ...(resource.generation ? { generation: 1 } : {}),
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
  });
  if (resource.status) delete initial["status"];
  const object = rulesOf(resource).create?.(initial) ?? initial;
  refuse(resource, object, [...metadataCauses(resource, object), ...objectCauses(context, resource, object)]);
  if (given.metadata.resourceVersion !== undefined)
    throw new ApiError(500, undefined, "resourceVersion should not be set on objects to be created");
  const key = objectKey(namespace, name ?? "");
  const present = context.store.get(resourceKey(resource), key);
  if (present !== null) throw alreadyExists(resource, name ?? "", present, base !== undefined);
  const encoded = encode(resource, object);
  if (target.dryRun) return { object: encoded, created: true };
  return { object: context.store.put(resourceKey(resource), key, encoded), created: true };
}

function requireCurrent(
  resource: ApiResource,
  name: string,
  given: string | undefined,
  stored: ApiObject,
): void {
  if (given === undefined) {
    if (resource.unconditionalUpdate) return;
    throw invalid(resource.group, resource.plural, name, [
      invalidValue("metadata.resourceVersion", 0, "must be specified for an update"),
    ]);
  }
  if (!/^\d+$/.test(given))
    throw new ApiError(500, undefined, `strconv.ParseUint: parsing ${JSON.stringify(given)}: invalid syntax`);
  if (given !== stored.metadata.resourceVersion) throw conflict(resource, name);
}

/** Everything that counts as a change of what was asked for: all but metadata and status. */
function desired(object: ApiObject, hasStatus: boolean): JsonObject {
  const { metadata: _metadata, status, ...rest } = object;
  return hasStatus ? rest : { ...rest, status };
}

function merged(resource: ApiResource, given: ApiObject, stored: ApiObject, ofStatus: boolean): ApiObject {
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation } =
    stored.metadata;
  const owned = withMetadata(given, {
    name: stored.metadata.name,
    namespace: stored.metadata.namespace,
    uid: given.metadata.uid ?? uid,
    resourceVersion: stored.metadata.resourceVersion,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    generation,
  });
  const statusFrom = ofStatus ? given : stored;
  const next = ofStatus ? { ...stored } : owned;
  if (!resource.status) return next;
  delete next["status"];
  if (statusFrom["status"] !== undefined) next["status"] = statusFrom["status"];
  if (ofStatus || !resource.generation) return next;
  const changed = !isDeepStrictEqual(desired(next, true), desired(stored, true));
  return changed ? withMetadata(next, { generation: (generation ?? 0) + 1 }) : next;
}

function otherUid(
  { resource, namespace }: WriteTarget,
  name: string,
  given: string,
  stored: string | undefined,
): ApiError {
  const path = resource.custom ? `${resource.group}/${resource.plural}` : resource.plural;
  return conflict(
    resource,
    name,
    `StorageError: invalid object, Code: 4, Key: /registry/${path}/${objectKey(namespace, name)}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${given}, UID in object meta: ${stored}`,
  );
}

/** How an update says what the object shall be; `precondition` is true for PUT, whose uid must then match. */
export interface Change {
  compute: (stored: ApiObject) => unknown;
  precondition: boolean;
}

/** A patched built-in object that cannot be decoded is answered as an invalid patch, the object quoted in it. */
function decodeChange(target: WriteTarget, change: Change, stored: ApiObject): ApiObject {
  const body = change.compute(stored);
  try {
    return decode(target, body);
  } catch (error) {
    if (change.precondition || target.resource.custom || !(error instanceof ApiError)) throw error;
    const why = error.message.replace(/^.* cannot be handled as a [A-Za-z]+: /, "");
    throw invalid("", "", "", [invalidValue("patch", JSON.stringify(body), why)]);
  }
}

/**
 * PUT and PATCH, of the object or of its status.
 *
 * @throws ApiError as the API server refuses: 400, 404, 409, 422, 500.
 */
export function updateObject(
  context: WriteContext,
  target: WriteTarget,
  name: string,
  change: Change,
  ofStatus = false,
): Written {
  const { resource, namespace } = target;
  const { store } = context;
  const [table, key] = [resourceKey(resource), objectKey(namespace, name)];
  const stored = store.get(table, key);
  if (stored === null) {
    if (!change.precondition || !resource.createOnUpdate || ofStatus) {
      if (change.precondition) decode(target, change.compute({ apiVersion: "", kind: "", metadata: {} }));
      throw notFound(resource, name);
    }
    const body = decode(target, change.compute({ apiVersion: "", kind: "", metadata: {} }));
    if (body.metadata.uid !== undefined) throw otherUid(target, name, body.metadata.uid, "");
    return createObject(context, target, withMetadata(body, { name, resourceVersion: undefined }));
  }
  const given = decodeChange(target, change, stored);
  const givenName = given.metadata.name;
  if (givenName !== name)
    throw badRequest(
      givenName === undefined
        ? `the name of the object (${name} based on URL) was undeterminable: name must be provided`
        : `the name of the object (${givenName}) does not match the name on the URL (${name})`,
    );
  requireSameNamespace(given, namespace);
  const { uid } = given.metadata;
  if (change.precondition && uid !== undefined && uid !== stored.metadata.uid)
    throw otherUid(target, name, uid, stored.metadata.uid);
  requireCurrent(resource, name, given.metadata.resourceVersion, stored);
  const wanted = merged(resource, given, stored, ofStatus);
  refuse(resource, wanted, [
    ...metadataChangeCauses(wanted, stored),
    ...metadataCauses(resource, wanted),
    ...(rulesOf(resource).validateChange?.(wanted, stored) ?? []),
    ...objectCauses(context, resource, wanted),
  ]);
  const next = encode(resource, wanted);
  if (isDeepStrictEqual(next, stored)) return { object: stored, created: false };
  if (target.dryRun) return { object: next, created: false };
  if (next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0) {
    if (resourceKey(resource) !== "namespaces") store.delete(table, key);
    return { object: next, created: false };
  }
  return { object: store.put(table, key, next), created: false };
}

/** What DELETE asks for, beside the name. */
export interface DeleteOptions {
  uid?: string;
  resourceVersion?: string;
  propagation?: "Background" | "Foreground" | "Orphan";
}

const propagations = ["Foreground", "Background", "Orphan"];

/** Reads DeleteOptions from the body and the query. @throws ApiError 422 */
export function parseDeleteOptions(body: unknown, query: URLSearchParams): DeleteOptions {
  const options = isJsonObject(body) ? body : {};
  const preconditions = isJsonObject(options["preconditions"]) ? options["preconditions"] : {};
  const propagation = options["propagationPolicy"] ?? query.get("propagationPolicy") ?? undefined;
  if (propagation !== undefined && !propagations.includes(String(propagation)))
    throw invalid("meta.k8s.io", "DeleteOptions", "", [
      unsupportedValue("propagationPolicy", propagation, [...propagations, "nil"]),
    ]);
  const { uid, resourceVersion } = preconditions;
  return {
    ...(typeof uid === "string" ? { uid } : {}),
    ...(typeof resourceVersion === "string" ? { resourceVersion } : {}),
    ...(propagation === undefined ? {} : { propagation: propagation as "Background" }),
  };
}

const finalizerOf = { Background: null, Foreground: "foregroundDeletion", Orphan: "orphan" } as const;

/**
 * Deletes, or marks as deleted an object that finalizers still hold.
 *
 * @returns the answer's body
 * @throws ApiError 403, 404, 409
 */
export function deleteObject(
  context: WriteContext,
  { resource, namespace, dryRun }: WriteTarget,
  name: string,
  options: DeleteOptions,
): ApiObject | ApiStatus {
  const { store } = context;
  const [table, key] = [resourceKey(resource), objectKey(namespace, name)];
  if (table === "namespaces" && undeletableNamespaces.includes(name))
    throw forbidden(resource, name, "this namespace may not be deleted");
  const stored = store.get(table, key);
  if (stored === null) throw notFound(resource, name);
  const { uid = "", resourceVersion = "", finalizers = [], deletionTimestamp, generation } = stored.metadata;
  if (options.uid !== undefined && options.uid !== uid)
    throw preconditionFailed(
      resource,
      name,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion)
    throw preconditionFailed(
      resource,
      name,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
  const added = finalizerOf[options.propagation ?? "Background"];
  const holding = added === null || finalizers.includes(added) ? finalizers : [...finalizers, added];
  const isNamespace = table === "namespaces";
  if (holding.length === 0 && !isNamespace) {
    if (!dryRun) store.delete(table, key);
    return resource.deletionReturnsObject ? stored : deleted(resource, name, uid);
  }
  if (deletionTimestamp !== undefined && holding.length === finalizers.length) return stored;
  const marked = withMetadata(stored, {
    finalizers: holding.length === 0 ? undefined : holding,
    deletionTimestamp: deletionTimestamp ?? wholeSecondNow(),
    ...(isNamespace ? {} : { deletionGracePeriodSeconds: 0 }),
    ...(generation === undefined ? {} : { generation: generation + 1 }),
  });
  const next = isNamespace ? { ...marked, status: { phase: "Terminating" } } : marked;
  return dryRun ? next : store.put(table, key, next);
}

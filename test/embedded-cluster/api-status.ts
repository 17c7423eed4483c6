import type { ApiObject } from "./api-object.ts";
import type { ApiResource } from "./resources.ts";

/** One entry of `details.causes` of an Invalid answer. */
export interface FieldCause {
  reason: string;
  message: string;
  field: string;
}

/** A `v1` Status as the API server sends it. */
export interface ApiStatus {
  kind: "Status";
  apiVersion: "v1";
  metadata: Record<string, unknown>;
  status: "Failure" | "Success";
  message?: string;
  reason?: string;
  details?: Record<string, unknown>;
  code?: number;
}

/** A refusal, carrying the Status to answer with. */
export class ApiError extends Error {
  readonly status: ApiStatus;
  readonly code: number;
  readonly metadata: Record<string, unknown>;

  constructor(
    code: number,
    reason: string | undefined,
    message: string,
    details?: Record<string, unknown>,
    metadata: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = "ApiError";
    this.code = code;
    this.metadata = metadata;
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata,
      status: "Failure",
      message,
      ...(reason === undefined ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

type Named = Pick<ApiResource, "group" | "plural">;

const grouped = (name: string, group: string): string => (group === "" ? name : `${name}.${group}`);

/** Name by which messages speak of a resource: `secrets`, `sealedsecrets.bitnami.com`. */
export const qualifiedName = (resource: Named): string => grouped(resource.plural, resource.group);

const detailsOf = (
  name: string,
  group: string,
  kind: string,
  more: object = {},
): Record<string, unknown> => ({
  ...(name === "" ? {} : { name }),
  ...(group === "" ? {} : { group }),
  ...(kind === "" ? {} : { kind }),
  ...more,
});

export const notFound = (resource: Named, name: string): ApiError =>
  new ApiError(
    404,
    "NotFound",
    `${qualifiedName(resource)} "${name}" not found`,
    detailsOf(name, resource.group, resource.plural),
  );

export const unknownResource = (): ApiError =>
  new ApiError(404, "NotFound", "the server could not find the requested resource", {});

export const methodNotAllowed = (): ApiError =>
  new ApiError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );

/** @param present what is there already; `generated`: the new object has a generateName, and may be tried again */
export function alreadyExists(
  resource: Named,
  name: string,
  present: ApiObject,
  generated: boolean,
): ApiError {
  const deleting = present.metadata.deletionTimestamp === undefined ? "" : "object is being deleted: ";
  const hint = generated ? ", the server was not able to generate a unique name for the object" : "";
  return new ApiError(
    409,
    "AlreadyExists",
    `${deleting}${qualifiedName(resource)} "${name}" already exists${hint}`,
    detailsOf(name, resource.group, resource.plural, generated ? { retryAfterSeconds: 1 } : {}),
  );
}

const conflictOn = (target: string, details: Record<string, unknown>, name: string, why: string): ApiError =>
  new ApiError(409, "Conflict", `Operation cannot be fulfilled on ${target} "${name}": ${why}`, details);

export const conflict = (
  resource: Named,
  name: string,
  why = "the object has been modified; please apply your changes to the latest version and try again",
): ApiError =>
  conflictOn(qualifiedName(resource), detailsOf(name, resource.group, resource.plural), name, why);

/** A refused precondition of a deletion: the API server names the kind there, not the resource. */
export const preconditionFailed = (resource: ApiResource, name: string, why: string): ApiError =>
  conflictOn(
    grouped(resource.kind, resource.group),
    detailsOf(name, resource.group, resource.kind),
    name,
    why,
  );

export const invalid = (group: string, kind: string, name: string, causes: FieldCause[]): ApiError => {
  const parts = causes.map(({ field, message }) => (field === "" ? message : `${field}: ${message}`));
  const list = parts.length === 1 ? parts[0] : `[${parts.join(", ")}]`;
  return new ApiError(
    422,
    "Invalid",
    `${grouped(kind, group)} "${name}" is invalid: ${list}`,
    detailsOf(name, group, kind, { causes }),
  );
};

export const badRequest = (message: string): ApiError => new ApiError(400, "BadRequest", message);

export const forbidden = (resource: Named, name: string, why: string, causes?: FieldCause[]): ApiError =>
  new ApiError(
    403,
    "Forbidden",
    `${qualifiedName(resource)}${name === "" ? "" : ` "${name}"`} is forbidden: ${why}`,
    detailsOf(name, resource.group, resource.plural, causes === undefined ? {} : { causes }),
  );

export const expired = (message: string, metadata: Record<string, unknown> = {}): ApiError =>
  new ApiError(410, "Expired", message, undefined, metadata);

export const serviceUnavailable = (message: string): ApiError =>
  new ApiError(503, "ServiceUnavailable", message);

export const unsupportedMediaType = (accepted: string[]): ApiError =>
  new ApiError(
    415,
    "UnsupportedMediaType",
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`,
  );

export const resourceVersionTooLarge = (asked: bigint, current: bigint): ApiError =>
  new ApiError(504, "Timeout", `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });

/** The answer to a deletion that took effect at once. */
export const deleted = (resource: Named, name: string, uid: string): ApiStatus => ({
  kind: "Status",
  apiVersion: "v1",
  metadata: {},
  status: "Success",
  details: detailsOf(name, resource.group, resource.plural, { uid }),
});

export const invalidValue = (field: string, value: unknown, why: string): FieldCause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field,
});

export const requiredValue = (field: string, why = ""): FieldCause => ({
  reason: "FieldValueRequired",
  message: why === "" ? "Required value" : `Required value: ${why}`,
  field,
});

export const forbiddenField = (field: string, why: string): FieldCause => ({
  reason: "FieldValueForbidden",
  message: `Forbidden: ${why}`,
  field,
});

export const tooLong = (field: string, limitBytes: number): FieldCause => ({
  reason: "FieldValueTooLong",
  message: `Too long: may not be more than ${limitBytes} bytes`,
  field,
});

export const unsupportedValue = (field: string, value: unknown, supported: string[]): FieldCause => ({
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => JSON.stringify(one)).join(", ")}`,
  field,
});

import { KubeApiError } from "./api-error.ts";
import type { KubeObject } from "./client.ts";

/**
 * Makes an error of an answer. Only the Status object's reason, its wait and the paths of faulty fields are taken over:
 * its message and values may quote what was sent.
 * @param request what was asked, in words.
 * @param body the answer's body, or null when it was too long to read.
 * @param retryAfter the header of that name.
 */
export function apiError(
  request: string,
  status: number,
  body: Uint8Array | null,
  retryAfter: string | string[] | undefined,
): KubeApiError {
  return fromStatus(request, status, body === null ? {} : parseMapping(body), retryAfter);
}

/** The same of a Status object that came as the ERROR event of a watch; its `code` is the status, 500 without one. */
export function apiErrorOfStatus(request: string, object: KubeObject): KubeApiError {
  const code = object["code"];
  return fromStatus(request, typeof code === "number" ? code : 500, object, undefined);
}

function fromStatus(
  request: string,
  status: number,
  answer: Readonly<Record<string, unknown>>,
  retryAfter: string | string[] | undefined,
): KubeApiError {
  const details = mapping(answer["details"]);
  return new KubeApiError({
    request,
    status,
    reason: word(answer["reason"]),
    retryAfterSeconds: seconds(details["retryAfterSeconds"]) ?? retryAfterSeconds(retryAfter),
    fields: fieldPaths(details["causes"]),
  });
}

function parseMapping(body: Uint8Array): Record<string, unknown> {
  try {
    return mapping(JSON.parse(new TextDecoder().decode(body)));
  } catch {
    return {};
  }
}

function mapping(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** A reason is one CamelCase word; anything else does not come from Kubernetes. */
function word(value: unknown): string {
  return typeof value === "string" && /^[A-Za-z]{1,64}$/.test(value) ? value : "";
}

/** The wait that a header `Retry-After` asks for, in seconds; null for none, and for a date. */
export function retryAfterSeconds(header: string | string[] | undefined): number | null {
  return seconds(Number(header ?? Number.NaN));
}

function seconds(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : null;
}

const MAX_FIELDS = 10;

/** Field paths hold no spaces; what has some is prose. */
function fieldPaths(causes: unknown): string[] {
  if (!Array.isArray(causes)) return [];
  const fields = causes
    .map((cause) => mapping(cause)["field"])
    .filter((field): field is string => typeof field === "string" && /^[^\s\p{Cc}"']{1,256}$/u.test(field));
  return [...new Set(fields)].slice(0, MAX_FIELDS);
}

import type { ApiObject } from "./api-object.ts";
import type { FieldCause } from "./api-status.ts";
import { badRequest, expired, forbiddenField, invalid, unsupportedValue } from "./api-status.ts";
import type { ApiResource } from "./resources.ts";
import { apiVersionOf, resourceKey } from "./resources.ts";
import type { ObjectFilter } from "./selectors.ts";
import { parseFieldSelector, parseLabelSelector } from "./selectors.ts";
import type { Store } from "./store.ts";

/** A LIST or WATCH request, parsed. */
export interface ListOptions {
  resource: ApiResource;
  namespace: string | undefined;
  /** Selectors and namespace as one test. */
  matches: ObjectFilter;
  hasSelector: boolean;
  watch: boolean;
  /** Empty when not given. */
  resourceVersion: string;
  resourceVersionMatch: string;
  limit: number;
  continueToken: string;
  sendInitialEvents: boolean | null;
  allowWatchBookmarks: boolean;
  timeoutSeconds: number | null;
}

const isTrue = (value: string | null): boolean => value !== null && value !== "false" && value !== "0";

function parseNumber(query: URLSearchParams, name: string): number | null {
  const text = query.get(name);
  if (text === null || text === "") return null;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax`);
  return Number(text);
}

/** The rules on which options go together. */
function optionCauses(options: ListOptions, watchList: boolean): FieldCause[] {
  const { resourceVersionMatch: match, sendInitialEvents, continueToken, resourceVersion } = options;
  const causes: FieldCause[] = [];
  if (options.watch) {
    if (sendInitialEvents !== null) {
      if (match !== "NotOlderThan")
        causes.push(
          forbiddenField(
            "resourceVersionMatch",
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
          ),
        );
      if (!watchList)
        causes.push(
          forbiddenField(
            "sendInitialEvents",
            "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled",
          ),
        );
    }
    if (match !== "" && sendInitialEvents === null)
      causes.push(
        forbiddenField(
          "resourceVersionMatch",
          "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
      );
    if (match !== "" && match !== "NotOlderThan")
      causes.push(unsupportedValue("resourceVersionMatch", match, ["NotOlderThan"]));
    if (continueToken !== "") causes.push(forbiddenField("continue", "continue is forbidden for watch"));
    return causes;
  }
  if (match !== "") {
    if (resourceVersion === "")
      causes.push(
        forbiddenField(
          "resourceVersionMatch",
          "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
      );
    if (continueToken !== "")
      causes.push(
        forbiddenField("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"),
      );
    if (match !== "Exact" && match !== "NotOlderThan")
      causes.push(unsupportedValue("resourceVersionMatch", match, ["Exact", "NotOlderThan", ""]));
    if (match === "Exact" && resourceVersion === "0")
      causes.push(
        forbiddenField(
          "resourceVersionMatch",
          'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
      );
  }
  if (sendInitialEvents !== null)
    causes.push(forbiddenField("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  return causes;
}

/**
 * @param name the one object asked for, as `fieldSelector=metadata.name=...` would
 * @param watchList false refuses `sendInitialEvents`, as servers without that gate do
 * @throws ApiError 400, 422
 */
export function parseListOptions(
  resource: ApiResource,
  namespace: string | undefined,
  query: URLSearchParams,
  watchList: boolean,
): ListOptions {
  const labelSelector = query.get("labelSelector") ?? "";
  const fieldSelector = query.get("fieldSelector") ?? "";
  const byLabel = parseLabelSelector(labelSelector);
  const byField = parseFieldSelector(fieldSelector, resource);
  const options: ListOptions = {
    resource,
    namespace,
    matches: (object) =>
      (namespace === undefined || object.metadata.namespace === namespace) &&
      byLabel(object) &&
      byField(object),
    hasSelector: labelSelector !== "" || fieldSelector !== "",
    watch: isTrue(query.get("watch")),
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    limit: Math.max(0, parseNumber(query, "limit") ?? 0),
    continueToken: query.get("continue") ?? "",
    sendInitialEvents: query.has("sendInitialEvents") ? isTrue(query.get("sendInitialEvents")) : null,
    allowWatchBookmarks: isTrue(query.get("allowWatchBookmarks")),
    timeoutSeconds: parseNumber(query, "timeoutSeconds"),
  };
  const causes = optionCauses(options, watchList);
  if (causes.length > 0) throw invalid("meta.k8s.io", "ListOptions", "", causes);
  return options;
}

interface ContinueToken {
  v: string;
  rv: string;
  start: string;
}

function writeToken(revision: bigint, start: string): string {
  const token: ContinueToken = { v: "meta.k8s.io/v1", rv: String(revision), start };
  return Buffer.from(JSON.stringify(token)).toString("base64url");
}

function readToken(text: string): { revision: bigint; start: string } {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(text, "base64url").toString()) as ContinueToken;
    if (v === "meta.k8s.io/v1" && /^\d+$/.test(rv)) return { revision: BigInt(rv), start };
  } catch {
    // Answered below, like a token of an unknown version.
  }
  throw badRequest("invalid continue token: continue key is not valid");
}

/** @returns the revision asked for, or null for "any" and "most recent". @throws ApiError 400 */
export function askedRevision(resourceVersion: string): bigint | null {
  if (resourceVersion === "" || resourceVersion === "0") return null;
  if (!/^\d+$/.test(resourceVersion))
    throw badRequest(
      `invalid resource version: resourceVersion: Invalid value: ${JSON.stringify(resourceVersion)}: strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`,
    );
  return BigInt(resourceVersion);
}

interface Position {
  revision: bigint;
  start: string | null;
}

/** The revision that a list is read at, and the key after which it goes on. */
function positionOf(store: Store, options: ListOptions): Position {
  if (options.continueToken !== "") {
    if (options.resourceVersion !== "" && options.resourceVersion !== "0")
      throw badRequest("specifying resource version is not allowed when using continue");
    return readToken(options.continueToken);
  }
  const asked = askedRevision(options.resourceVersion);
  if (asked === null) return { revision: store.revision, start: null };
  const exact =
    options.resourceVersionMatch === "Exact" || (options.resourceVersionMatch === "" && options.limit > 0);
  return { revision: exact ? asked : store.revision, start: null };
}

/**
 * One page of a list. A revision that is asked for must have come.
 *
 * @throws ApiError 400, 410 for a revision that was compacted away
 */
export function listObjects(store: Store, options: ListOptions): ApiObject {
  const { resource, matches } = options;
  const { revision, start } = positionOf(store, options);
  const entries = store.entriesAt(resourceKey(resource), revision);
  if (entries === null) {
    if (options.continueToken === "") throw expired(`The resourceVersion for the provided list is too old.`);
    // The fresh token allows an inconsistent rest, for clients that prefer it to starting over.
    throw expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results.",
      { continue: writeToken(store.revision, start ?? "") },
    );
  }
  const rest = entries.filter(([key, object]) => (start === null || key > start) && matches(object));
  // resourceVersion=0 is answered from the watch cache, which knows no pages.
  const limit = options.resourceVersion === "0" ? 0 : options.limit;
  const page = limit === 0 ? rest : rest.slice(0, limit);
  const last = page.at(-1);
  const remaining = rest.length - page.length;
  const more = remaining > 0 && last !== undefined;
  return {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata: {
      resourceVersion: String(revision),
      ...(more ? { continue: writeToken(revision, last[0]) } : {}),
      ...(more && !options.hasSelector ? { remainingItemCount: remaining } : {}),
    },
    items: page.map(([, object]) => (resource.custom ? object : withoutType(object))),
  };
}

/** Items of built-in lists carry neither kind nor apiVersion. */
function withoutType({ kind: _kind, apiVersion: _apiVersion, ...rest }: ApiObject): object {
  return rest;
}

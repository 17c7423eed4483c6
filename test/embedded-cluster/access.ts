import { ApiError, forbidden } from "./api-status.ts";

/** One request, as authorization sees it. */
export interface AccessRequest {
  user: string;
  verb: string;
  group: string;
  /** With the subresource: `secrets`, `sealedsecrets/status`, `services/proxy`. */
  resource: string;
  namespace: string | undefined;
  name: string;
}

/** Requests to refuse with 403: those that agree with every field given. */
export type ForbidRule = { [Field in keyof AccessRequest]?: AccessRequest[Field] | RegExp };

const agrees = (wanted: string | RegExp | undefined, value: string | undefined): boolean =>
  wanted === undefined || (wanted instanceof RegExp ? (value ?? "").search(wanted) >= 0 : wanted === value);

/** Who may ask, and what is forbidden. Role-based access control is not modelled: rules are forbidden one by one. */
export class Access {
  readonly #tokens: ReadonlyMap<string, string> | null;
  readonly #rules = new Set<ForbidRule>();

  /** @param tokens bearer token to user; null lets everyone in */
  constructor(tokens: Record<string, string> | null) {
    this.#tokens = tokens === null ? null : new Map(Object.entries(tokens));
  }

  /** @returns a function that lifts the rule. */
  forbid(rule: ForbidRule): () => void {
    this.#rules.add(rule);
    return () => void this.#rules.delete(rule);
  }

  /** @returns the user of an Authorization header. @throws ApiError 401 for an unknown token */
  userOf(authorization: string | undefined): string {
    if (this.#tokens === null) return "system:admin";
    if (authorization === undefined) return "system:anonymous";
    const user = this.#tokens.get(authorization.replace(/^Bearer /, ""));
    if (user === undefined) throw new ApiError(401, "Unauthorized", "Unauthorized");
    return user;
  }

  /** @throws ApiError 403 */
  require(request: AccessRequest): void {
    const isForbidden = [...this.#rules].some((rule) =>
      Object.entries(rule).every(([field, wanted]) => agrees(wanted, request[field as keyof AccessRequest])),
    );
    const isAnonymous = this.#tokens !== null && request.user === "system:anonymous";
    if (!isForbidden && !isAnonymous) return;
    const { user, verb, group, resource, namespace, name } = request;
    const where = namespace === undefined ? "at the cluster scope" : `in the namespace "${namespace}"`;
    throw forbidden(
      { group, plural: resource.split("/")[0] ?? "" },
      name,
      `User "${user}" cannot ${verb} resource "${resource}" in API group "${group}" ${where}`,
    );
  }
}

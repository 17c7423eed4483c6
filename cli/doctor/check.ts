import { KubeApiError, unlessGone } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import type { ServiceSearch } from "../controller/service.ts";

/** What came of one look at an installation. */
export type Check = {
  /**
   * `warn`: works, and somebody should look at it; `fail`: does not work, or soon will not; `unknown`: could not be looked at.
   */
  level: "ok" | "warn" | "fail" | "unknown";
  /** What was looked at, in a word or two. */
  about: string;
  /** What was found, in a clause without a full stop. */
  found: string;
  /** What to do; null where there is nothing. */
  next: string | null;
};

/** What an installation is looked at with. Nothing of it is changed. */
export type Looking = {
  client: Pick<KubeClient, "server" | "request" | "raw">;
  /** The controller's Service. */
  search: ServiceSearch;
  now: Date;
};

/** What was found right. */
export function ok(about: string, found: string): Check {
  return { level: "ok", about, found, next: null };
}

/** What was found wanting. */
export function wanting(level: "warn" | "fail", about: string, found: string, next: string): Check {
  return { level, about, found, next };
}

/**
 * Reads an object, or a list of some, and waits for it no longer than the user said.
 * @returns null where there is none.
 * @throws KubeApiError, KubeUnreachableError.
 */
export function objectAt(
  { client, search: { timeoutMs } }: Looking,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<KubeObject | null> {
  return unlessGone(
    client.request({ method: "GET", path, query, ...(timeoutMs === null ? {} : { timeoutMs }) }),
  );
}

/**
 * Looks, and says that it is not known where the right is missing.
 * @param right in words: `get the CustomResourceDefinition`.
 */
export async function unlessForbidden(
  about: string,
  right: string,
  look: () => Promise<Check[]>,
): Promise<Check[]> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error;
    const isForbidden = error.status === 403 || error.status === 401;
    const found = isForbidden ? `not known: you may not ${right}` : `not known: ${error.message}`;
    const next = isForbidden
      ? `ask for the right to ${right}, or have somebody run this who has it`
      : error.hint;
    return [{ level: "unknown", about, found, next }];
  }
}

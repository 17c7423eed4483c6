import { createHash } from "node:crypto";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";

/** Who may read the metrics: answers an HTTP status, 200 for yes. */
export type MetricsAccess = (authorization: string | undefined) => Promise<200 | 401 | 403 | 503>;

const REMEMBER_MS = 60_000;
const MAX_REMEMBERED = 100;

/**
 * Lets read the metrics who the API server knows by its bearer token and allows `get` on the path `/metrics`, as
 * kube-rbac-proxy does: one TokenReview and one SubjectAccessReview, remembered for a minute under the token's hash.
 */
export function metricsAccess(client: KubeClient, now: () => number): MetricsAccess {
  const remembered = new Map<string, { verdict: 200 | 401 | 403; until: number }>();
  return async (authorization) => {
    const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return 401;
    const key = createHash("sha256").update(token).digest("base64");
    const known = remembered.get(key);
    if (known !== undefined && known.until > now()) return known.verdict;
    try {
      const user = await userOf(token, client);
      const verdict = user === null ? 401 : (await mayRead(user, client)) ? 200 : 403;
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(key, { verdict, until: now() + REMEMBER_MS });
      return verdict;
    } catch {
      // No answer from the API server is no permission.
      return 503;
    }
  };
}

type User = { username: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };

async function userOf(token: string, client: KubeClient): Promise<User | null> {
  const review = await client.request({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } },
  });
  const status = statusOf<{ authenticated?: boolean; user?: User }>(review);
  return status.authenticated === true ? (status.user ?? null) : null;
}

async function mayRead({ username, uid, groups, extra }: User, client: KubeClient): Promise<boolean> {
  const spec = {
    user: username,
    uid,
    groups,
    extra,
    nonResourceAttributes: { path: "/metrics", verb: "get" },
  };
  const review = await client.request({
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    body: { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec },
  });
  return statusOf<{ allowed?: boolean }>(review).allowed === true;
}

function statusOf<T>(review: KubeObject): Partial<T> {
  return (review["status"] ?? {}) as Partial<T>;
}

import { createHash } from "node:crypto";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { Budget } from "../budget.ts";
import { RecentMap } from "../recent-map.ts";

/** Who may read the metrics: answers an HTTP status, 200 for yes. */
export type MetricsAccess = (
  authorization: string | undefined,
  peer: string,
) => Promise<200 | 401 | 403 | 429 | 503>;

type Verdict = 200 | 401 | 403;
type Remembered = { verdict: Verdict; until: number };

const REMEMBER_MS = 60_000;
/** Kept apart, so that no flood of refused tokens pushes out those that may read. */
const MAX_ALLOWED = 100;
const MAX_REFUSED = 1000;
/** Tokens not known as good that the API server is asked about, in all and from one peer. */
const REVIEWS = { burst: 20, refillMs: 100, holders: 1 };
const REVIEWS_OF_PEER = { burst: 5, refillMs: 1000, holders: 4096 };
const MAX_REVIEWS_AT_ONCE = 4;
const ALL = "all";

/**
 * Lets read the metrics who the API server knows by its bearer token and allows `get` on the path `/metrics`, as
 * kube-rbac-proxy does: one TokenReview and one SubjectAccessReview, remembered for a minute under the token's hash.
 * Questions about tokens that never were good are bounded; above the bound the answer is 429.
 * @param now milliseconds.
 */
export function metricsAccess(client: KubeClient, now: () => number): MetricsAccess {
  const allowed = new RecentMap<Remembered>(MAX_ALLOWED);
  const refused = new RecentMap<Remembered>(MAX_REFUSED);
  const underWay = new Map<string, Promise<Verdict>>();
  const ofAll = new Budget({ ...REVIEWS, now });
  const ofPeer = new Budget({ ...REVIEWS_OF_PEER, now });

  async function review(token: string, key: string): Promise<Verdict> {
    const user = await userOf(token, client);
    const verdict = user === null ? 401 : (await mayRead(user, client)) ? 200 : 403;
    const entry = { verdict, until: now() + REMEMBER_MS } as const;
    // One that was good and is not any more is thereby no longer known as good.
    if (verdict === 200 || allowed.get(key) !== undefined) allowed.set(key, entry);
    else refused.set(key, entry);
    return verdict;
  }

  return async (authorization, peer) => {
    const token = /^Bearer ([\w.~+/=-]+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return 401;
    const key = createHash("sha256").update(token).digest("base64");
    const good = allowed.get(key);
    const known = good ?? refused.get(key);
    if (known !== undefined && known.until > now()) return known.verdict;
    let asked = underWay.get(key);
    if (asked === undefined) {
      const trusted = good?.verdict === 200;
      if (!trusted && (underWay.size >= MAX_REVIEWS_AT_ONCE || !ofPeer.take(peer) || !ofAll.take(ALL))) {
        return 429;
      }
      asked = review(token, key).finally(() => underWay.delete(key));
      underWay.set(key, asked);
    }
    try {
      return await asked;
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

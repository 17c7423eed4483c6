import { InputError } from "../../shared/errors.ts";
import { AnswerTooLongError, KubeAnswerError, KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { asKubeObject } from "../../shared/kube/kube-object.ts";
import { sealedSecretPath } from "../../shared/kube/paths.ts";
import { API_VERSION, KIND } from "../../shared/resource.ts";
import { readSealedObject } from "./read-object.ts";
import type { Inventory, InventoryProblem, SealedObject } from "./sealed-object.ts";

const PAGE = 500;
/** Anybody may create objects of more than a megabyte: a page that is longer is asked for again with fewer. */
const MOST_PAGE_BYTES = 16 * 1024 * 1024;
const FEWER = 4;
const TIMEOUT_MS = 60_000;
/** A list that takes longer than the server keeps its version is read anew; so often, and then it is given up. */
const MOST_STARTS = 3;

/**
 * Every SealedSecret of a cluster, page by page.
 * @param namespaces null for all of them.
 * @param timeoutMs longest wait for one page; null for a minute.
 * @returns the objects by namespace, and those that are no valid SealedSecrets.
 * @throws KubeApiError when they may not be listed; KubeUnreachableError.
 */
export async function objectsInCluster(
  client: Pick<KubeClient, "request">,
  namespaces: readonly string[] | null,
  timeoutMs: number | null,
): Promise<Inventory> {
  const objects: SealedObject[] = [];
  const problems: InventoryProblem[] = [];
  for (const namespace of namespaces === null ? [null] : new Set(namespaces)) {
    for (const item of await listed(client, sealedSecretPath(namespace), timeoutMs ?? TIMEOUT_MS)) {
      const { namespace: stands = "", name = "" } = item.metadata;
      const where = `SealedSecret ${stands}/${name} in the cluster`;
      try {
        // Items of a list say neither.
        const document = { ...item, apiVersion: API_VERSION, kind: KIND };
        objects.push(readSealedObject(document, { origin: { kind: "cluster" }, where, namespace: null }));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        problems.push({ where, problem: error.message, next: error.hint });
      }
    }
  }
  return { objects, problems };
}

async function listed(
  client: Pick<KubeClient, "request">,
  path: string,
  timeoutMs: number,
): Promise<KubeObject[]> {
  for (let start = 1; ; start++) {
    try {
      return await allPages(client, path, timeoutMs);
    } catch (error) {
      const isExpired = error instanceof KubeApiError && error.status === 410;
      if (!isExpired || start === MOST_STARTS) throw error;
    }
  }
}

async function allPages(
  client: Pick<KubeClient, "request">,
  path: string,
  timeoutMs: number,
): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  let [next, limit] = ["", PAGE];
  for (;;) {
    const query = { limit: `${limit}`, ...(next === "" ? {} : { continue: next }) };
    // One object alone has no such bound.
    const bound = limit === 1 ? {} : { maxBytes: MOST_PAGE_BYTES };
    try {
      const page = await client.request({ method: "GET", path, query, timeoutMs, ...bound });
      found.push(...itemsOf(page, path));
      const token = page.metadata["continue"];
      if (typeof token !== "string" || token === "") return found;
      next = token;
      limit = Math.min(PAGE, limit * 2);
    } catch (error) {
      if (!(error instanceof AnswerTooLongError) || limit === 1) throw error;
      limit = Math.max(1, Math.floor(limit / FEWER));
    }
  }
}

function itemsOf({ items }: KubeObject, path: string): KubeObject[] {
  const objects = Array.isArray(items) ? items.map(asKubeObject) : [null];
  if (!objects.every((object) => object !== null))
    throw new KubeAnswerError(`list ${path}`, "the answer is no list of objects");
  return objects;
}

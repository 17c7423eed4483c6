import { request } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../test/support/control-plane/control-plane.ts";
import { asKubeObject, isRecord, type KubeObject } from "../test/support/control-plane/kube-object.ts";
import { keyOf } from "./corpus.ts";

/** When, by performance.now(), a Secret appeared and a SealedSecret became in sync, by namespace/name. */
export type ClusterWatch = {
  secrets: ReadonlyMap<string, number>;
  synced: ReadonlyMap<string, number>;
  /**
   * Waits for all of `keys` in one of the maps.
   * @returns when the last appeared.
   * @throws Error when some are missing after `boundMs`.
   */
  until(seen: ReadonlyMap<string, number>, keys: readonly string[], boundMs: number): Promise<number>;
  close(): void;
};

const everySecret = "/api/v1/secrets";
const everySealedSecret = "/apis/bitnami.com/v1alpha1/sealedsecrets";
const metadataOnly = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/** Watches a cluster as its administrator, by a client that neither controller uses. */
export async function watchCluster(cluster: ControlPlane): Promise<ClusterWatch> {
  const secrets = new Map<string, number>();
  const synced = new Map<string, number>();
  const failures: Error[] = [];
  const note = (seen: Map<string, number>) => (object: KubeObject) => {
    if (!seen.has(keyOf(object))) seen.set(keyOf(object), performance.now());
  };
  const fail = (error: Error): void => void failures.push(error);
  const closers = [
    await stream(cluster, everySecret, metadataOnly, note(secrets), fail),
    await stream(
      cluster,
      everySealedSecret,
      "application/json",
      (object) => {
        if (isSynced(object)) note(synced)(object);
      },
      fail,
    ),
  ];
  return {
    secrets,
    synced,
    async until(seen, keys, boundMs) {
      for (const deadline = performance.now() + boundMs; ; await sleep(2)) {
        if (failures[0] !== undefined) throw failures[0];
        // The count is the quick look; the keys are only gone through once it can be true.
        if (seen.size >= keys.length && keys.every((key) => seen.has(key)))
          return Math.max(...keys.map((key) => seen.get(key) ?? 0));
        if (performance.now() < deadline) continue;
        const missing = keys.filter((key) => !seen.has(key));
        throw new Error(`${missing.length} of ${keys.length} not there after ${boundMs} ms: ${missing[0]} …`);
      }
    },
    close: () => {
      for (const close of closers) close();
    },
  };
}

function isSynced({ status }: KubeObject): boolean {
  if (!isRecord(status) || !Array.isArray(status["conditions"])) return false;
  return status["conditions"].some(({ type, status: value }) => type === "Synced" && value === "True");
}

/** Hands on every object that is there, and every one that is added or changed from then on. */
async function stream(
  cluster: ControlPlane,
  path: string,
  accept: string,
  onObject: (object: KubeObject) => void,
  onFailure: (error: Error) => void,
): Promise<() => void> {
  const { body } = await cluster.request("GET", path, undefined, {
    accept: accept.replace("PartialObjectMetadata", "PartialObjectMetadataList"),
  });
  if (!isRecord(body) || !isRecord(body["metadata"]) || !Array.isArray(body["items"]))
    throw new Error(`GET ${path} gave no list`);
  for (const item of body["items"]) onObject(item);
  const query = `?watch=1&resourceVersion=${String(body["metadata"]["resourceVersion"])}`;
  const sent = request(new URL(path + query, cluster.url), {
    ca: cluster.ca,
    headers: { authorization: `Bearer ${cluster.adminToken}`, accept },
  });
  let closed = false;
  const failed = (why: string): void => {
    if (!closed) onFailure(new Error(`the watch of ${path} ended: ${why}`));
  };
  sent.on("error", (error) => failed(error.message));
  sent.on("response", (response) => {
    let rest = "";
    response.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const event: unknown = JSON.parse(line);
        if (!isRecord(event) || (event["type"] !== "ADDED" && event["type"] !== "MODIFIED"))
          return failed(`unexpected event ${line.slice(0, 200)}`);
        onObject(asKubeObject(event["object"]));
      }
    });
    response.on("error", (error) => failed(error.message));
    response.on("end", () => failed(`status ${response.statusCode}`));
  });
  sent.end();
  return () => {
    closed = true;
    sent.destroy();
  };
}

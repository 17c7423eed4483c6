import type { ControlPlane } from "./control-plane/control-plane.ts";
import { asKubeObject, isRecord, type KubeObject } from "./control-plane/kube-object.ts";

const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** How an object gets into a cluster: as `kubectl apply` sends it, without and with `--server-side`. */
export type WayToApply = "client-side" | "server-side";

/** Applies an object at its path the way that kubectl does. @throws Error with the API server's message when it refuses. */
export async function applyAs(
  way: WayToApply,
  cluster: ControlPlane,
  path: string,
  object: KubeObject,
): Promise<void> {
  if (way === "server-side") {
    const query = "?fieldManager=kubectl&force=true";
    await accepted(cluster, "PATCH", `${path}${query}`, object, "application/apply-patch+yaml");
    return;
  }
  const annotations = isRecord(object.metadata["annotations"]) ? object.metadata["annotations"] : {};
  const bare = { ...object, metadata: { ...object.metadata, annotations } };
  const record = { ...annotations, [LAST_APPLIED]: `${JSON.stringify(bare)}\n` };
  const noted = { ...object, metadata: { ...object.metadata, annotations: record } };
  const present = await cluster.request("GET", path);
  if (present.status === 404) {
    await accepted(cluster, "POST", path.slice(0, path.lastIndexOf("/")), noted);
    return;
  }
  const { metadata } = asKubeObject(present.body);
  const before = isRecord(metadata["annotations"]) ? metadata["annotations"][LAST_APPLIED] : undefined;
  const last: unknown = typeof before === "string" ? JSON.parse(before) : {};
  await accepted(cluster, "PATCH", path, patchOf(last, noted), "application/merge-patch+json");
}

/** What is to be there now, and null for each field that was applied before and is not any more. */
function patchOf(last: unknown, now: unknown): unknown {
  if (!isRecord(last) || !isRecord(now)) return now;
  const gone = Object.keys(last).filter((key) => !Object.hasOwn(now, key));
  const kept = Object.entries(now).map(([key, value]) => [key, patchOf(last[key], value)] as const);
  return Object.fromEntries([...kept, ...gone.map((key) => [key, null] as const)]);
}

async function accepted(
  cluster: ControlPlane,
  method: string,
  path: string,
  body: unknown,
  contentType = "application/json",
): Promise<void> {
  const answer = await cluster.request(method, path, body, { contentType });
  if (answer.status >= 200 && answer.status < 300) return;
  const message = isRecord(answer.body) ? String(answer.body["message"]) : String(answer.body);
  throw new Error(`${method} ${path}: ${answer.status}: ${message}`);
}

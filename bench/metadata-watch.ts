import { request } from "node:https";
import type { ControlPlane } from "../test/support/control-plane/control-plane.ts";
import { asKubeObject, isRecord, type KubeObject } from "../test/support/control-plane/kube-object.ts";

/** Who is told. */
export type MetadataHandlers = {
  /** Of every object that is there when the watch begins. */
  onPresent?: (object: KubeObject) => void;
  /** Of every object that is added or changed from then on. */
  onEvent: (object: KubeObject) => void;
  /** The watch broke. */
  onFailure: (error: Error) => void;
};

const accept = (kind: string): string => `application/json;as=${kind};g=meta.k8s.io;v=v1`;

/**
 * Follows the metadata of all objects of a path, as the cluster's administrator.
 * @returns what ends it.
 */
export async function watchMetadata(
  cluster: ControlPlane,
  path: string,
  { onPresent, onEvent, onFailure }: MetadataHandlers,
): Promise<() => void> {
  const { body } = await cluster.request("GET", path, undefined, {
    accept: accept("PartialObjectMetadataList"),
  });
  if (!isRecord(body) || !isRecord(body["metadata"]) || !Array.isArray(body["items"]))
    throw new Error(`GET ${path} gave no list`);
  for (const item of body["items"]) onPresent?.(asKubeObject(item));
  const query = `?watch=1&resourceVersion=${String(body["metadata"]["resourceVersion"])}`;
  const sent = request(new URL(path + query, cluster.url), {
    ca: cluster.ca,
    headers: {
      authorization: `Bearer ${cluster.adminToken}`,
      accept: accept("PartialObjectMetadata"),
    },
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
        onEvent(asKubeObject(event["object"]));
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

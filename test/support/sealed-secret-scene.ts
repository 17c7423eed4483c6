import { parseAllDocuments } from "yaml";
import type { ControlPlane } from "./control-plane/control-plane.ts";
import { asKubeObject, isRecord, type KubeObject } from "./control-plane/kube-object.ts";
import { waitUntil } from "./control-plane/wait-until.ts";

/** A condition of a SealedSecret as the API server has it. */
export type SceneCondition = {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  observedGeneration?: number;
  lastUpdateTime?: string;
  lastTransitionTime?: string;
};

/** The status of a SealedSecret as the API server has it. */
export type SceneStatus = { observedGeneration?: number; conditions: SceneCondition[] };

/** A core/v1 Event in a few words. */
export type SceneEvent = { type: string; reason: string; message: string; count: number; component: string };

/** An owner reference of a Secret. */
export type SceneOwner = {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
};

/** A Secret as the API server has it. */
export type SceneSecret = KubeObject & {
  data?: Record<string, string>;
  type: string;
  immutable?: boolean;
  metadata: KubeObject["metadata"] & {
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    finalizers?: string[];
    ownerReferences?: SceneOwner[];
  };
};

/** What tests ask of SealedSecrets and their Secrets in a cluster, as the administrator. */
export type Scene = ReturnType<typeof sceneOf>;

/** Path of a SealedSecret; of the collection without a name. */
export function sealedPath(namespace: string, name?: string): string {
  const collection = `/apis/bitnami.com/v1alpha1/namespaces/${namespace}/sealedsecrets`;
  return name === undefined ? collection : `${collection}/${name}`;
}

/** Path of a Secret; of the collection without a name. */
export function secretPath(namespace: string, name?: string): string {
  const collection = `/api/v1/namespaces/${namespace}/secrets`;
  return name === undefined ? collection : `${collection}/${name}`;
}

/** Asks one control plane. */
export function sceneOf(cluster: ControlPlane, { boundMs = 90_000 }: { boundMs?: number } = {}) {
  const get = async (path: string): Promise<KubeObject | null> => {
    const { status, body } = await cluster.request("GET", path);
    if (status === 404) return null;
    if (status !== 200) throw new Error(`GET ${path}: ${status}`);
    return asKubeObject(body);
  };
  const secret = async (namespace: string, name: string): Promise<SceneSecret | null> =>
    (await get(secretPath(namespace, name))) as SceneSecret | null;
  const status = async (namespace: string, name: string): Promise<SceneStatus | null> => {
    const object = await get(sealedPath(namespace, name));
    return object === null ? null : statusOf(object);
  };
  return {
    /** The Secret, or null. */
    secret,
    /** The SealedSecret, or null. */
    sealedSecret: (namespace: string, name: string) => get(sealedPath(namespace, name)),
    /** Makes namespaces. */
    async namespaces(...names: string[]): Promise<void> {
      await cluster.apply(names.map((name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } })));
    },
    /** Waits for the Secret, and until it is as asked. */
    untilSecret: (namespace: string, name: string, fits: (secret: SceneSecret) => boolean = () => true) =>
      waitUntil({ what: `Secret ${namespace}/${name}`, boundMs }, async () => {
        const found = await secret(namespace, name);
        return found !== null && fits(found) ? found : null;
      }),
    /** Waits until the Secret is gone. */
    untilNoSecret: (namespace: string, name: string) =>
      waitUntil({ what: `Secret ${namespace}/${name} to go`, boundMs }, async () =>
        (await secret(namespace, name)) === null ? true : null,
      ),
    /** Waits until the status covers the present generation and `Synced` is as asked. @returns the status. */
    async untilSynced(namespace: string, name: string, wanted: "True" | "False"): Promise<SceneStatus> {
      let last: unknown = null;
      const what = () => `${namespace}/${name} to be Synced=${wanted}; last: ${JSON.stringify(last)}`;
      try {
        return await waitUntil({ what: "", boundMs }, async () => {
          const object = await get(sealedPath(namespace, name));
          last = object?.["status"] ?? null;
          if (object === null) return null;
          const found = statusOf(object);
          if (found.observedGeneration !== object.metadata["generation"]) return null;
          const synced = found.conditions.find(({ type }) => type === "Synced");
          return synced?.status === wanted ? found : null;
        });
      } catch (error) {
        throw new Error(`waited in vain for ${what()}`, { cause: error });
      }
    },
    status,
    /** Events about a SealedSecret, oldest first. */
    events: (namespace: string, name: string) => eventsAbout(cluster, namespace, name),
    /** Waits for an event of that reason. */
    untilEvent: (namespace: string, name: string, reason: string, message: RegExp = /(?:)/) =>
      waitUntil({ what: `event ${reason} ${message} about ${namespace}/${name}`, boundMs }, async () => {
        const events = await eventsAbout(cluster, namespace, name);
        return events.find((event) => event.reason === reason && message.test(event.message)) ?? null;
      }),
    /** Deletes what is at a path. */
    async remove(path: string): Promise<void> {
      const answer = await cluster.request("DELETE", path);
      if (answer.status !== 200 && answer.status !== 202) throw new Error(`DELETE ${path}: ${answer.status}`);
    },
  };
}

/** The condition of a type. @throws Error when there is none. */
export function conditionOf(status: SceneStatus, type: string): SceneCondition {
  const condition = status.conditions.find((candidate) => candidate.type === type);
  if (condition === undefined) throw new Error(`no condition ${type} in ${JSON.stringify(status)}`);
  return condition;
}

/** Every object of a YAML or JSON stream, as a client prints it. */
export function objectsIn(text: string): KubeObject[] {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) throw new Error("the stream is empty");
  return documents.map((document) => asKubeObject(document.toJS()));
}

/** The one object of a stream. */
export function objectIn(text: string): KubeObject {
  const [object, ...others] = objectsIn(text);
  if (object === undefined || others.length > 0) throw new Error("not exactly one object");
  return object;
}

function statusOf(object: KubeObject): SceneStatus {
  const status = isRecord(object["status"]) ? object["status"] : {};
  const conditions = Array.isArray(status["conditions"]) ? (status["conditions"] as SceneCondition[]) : [];
  const { observedGeneration } = status;
  return { ...(typeof observedGeneration === "number" ? { observedGeneration } : {}), conditions };
}

async function eventsAbout(cluster: ControlPlane, namespace: string, name: string): Promise<SceneEvent[]> {
  const selector = encodeURIComponent(`involvedObject.name=${name}`);
  const { body } = await cluster.request(
    "GET",
    `/api/v1/namespaces/${namespace}/events?fieldSelector=${selector}`,
  );
  const items = isRecord(body) && Array.isArray(body["items"]) ? body["items"].filter(isRecord) : [];
  return items.map((item) => ({
    type: String(item["type"]),
    reason: String(item["reason"]),
    message: String(item["message"]),
    count: Number(item["count"]),
    component: isRecord(item["source"]) ? String(item["source"]["component"]) : "",
  }));
}

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiObject } from "./api-object.ts";
import type { ApiStatus, FieldCause } from "./api-status.ts";
import type { ApiAnswer, ContractApi, WatchEvent, WatchReader } from "./contract-client.ts";

/** Where a behaviour plays: a server, and a namespace of its own. */
export interface Scene {
  api: ContractApi;
  /** The same server for alice, who has no rights. */
  ordinary: ContractApi;
  /** The same server without a token. */
  stranger: ContractApi;
  namespace: string;
  /** Path of the namespace's secrets. */
  secrets: string;
  /** Path of the namespace's SealedSecrets. */
  sealedSecrets: string;
}

export interface Behaviour {
  name: string;
  run: (scene: Scene) => Promise<void>;
}

/** Accept header that asks for the metadata of one object or of a watch. */
export const metadataOnly = { accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" };

/** Accept header that asks for the metadata of a list's items. */
export const metadataListOnly = {
  accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
};

export const mergePatchType = { "content-type": "application/merge-patch+json" };

export const sealedSecret = (name: string, spec: object = {}, more: object = {}): object => ({
  apiVersion: "bitnami.com/v1alpha1",
  kind: "SealedSecret",
  metadata: { name },
  spec: { encryptedData: {}, ...spec },
  ...more,
});

/** The object of a successful answer. */
export function objectOf({ status, body }: ApiAnswer): ApiObject {
  assert.ok(status === 200 || status === 201, `expected success, got ${status}: ${JSON.stringify(body)}`);
  return body as ApiObject;
}

/** The Status of a refusal, whose code and reason must be the given ones. */
export function refusalOf({ status, body }: ApiAnswer, code: number, reason?: string): ApiStatus {
  assert.equal(status, code, `expected ${code}, got ${status}: ${JSON.stringify(body)}`);
  const refusal = body as ApiStatus;
  assert.equal(refusal.kind, "Status");
  assert.equal(refusal.apiVersion, "v1");
  assert.equal(refusal.status, "Failure");
  assert.equal(refusal.code, code);
  assert.equal(refusal.reason, reason);
  return refusal;
}

/** Creates an object and returns it as stored. */
export async function create(scene: Scene, path: string, object: object): Promise<ApiObject> {
  const answer = await scene.api.request("POST", path, object);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return objectOf(answer);
}

export async function get(scene: Scene, path: string): Promise<ApiObject> {
  return objectOf(await scene.api.request("GET", path));
}

export const itemsOf = (list: ApiObject): ApiObject[] => list["items"] as ApiObject[];

export const namesOf = (list: ApiObject): (string | undefined)[] =>
  itemsOf(list).map((item) => item.metadata.name);

/** Asks again until the answer holds. @throws when it does not within the bound */
export async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await holds()) return;
    await sleep(100);
  }
  throw new Error(`did not happen within 30 s: ${what}`);
}

export const isGone = async (scene: Scene, path: string): Promise<boolean> =>
  (await scene.api.request("GET", path)).status === 404;

/** Opens a watch for the time of `use`. */
export async function watching(
  scene: Scene,
  path: string,
  use: (reader: WatchReader) => Promise<void>,
  headers?: Record<string, string>,
): Promise<void> {
  const reader = await scene.api.watch(path, headers);
  try {
    await use(reader);
  } finally {
    await reader.close();
  }
}

/** The next event, which must be there, as type and name. */
export async function nextEvent(reader: WatchReader): Promise<WatchEvent> {
  const event = await reader.next();
  assert.ok(event !== null, "the watch ended where an event was expected");
  return event;
}

export async function nextEventName(reader: WatchReader): Promise<string> {
  const { type, object } = await nextEvent(reader);
  return `${type} ${object.metadata.name}`;
}

/** A server as its administrator, as alice, and as nobody. */
export type Callers = Pick<Scene, "api" | "ordinary" | "stranger">;

/** Sets the scene of one behaviour: creates its namespace. */
export async function sceneFor(callers: Callers, namespace: string): Promise<Scene> {
  objectOf(await callers.api.request("POST", "/api/v1/namespaces", { metadata: { name: namespace } }));
  return {
    ...callers,
    namespace,
    secrets: `/api/v1/namespaces/${namespace}/secrets`,
    sealedSecrets: `/apis/bitnami.com/v1alpha1/namespaces/${namespace}/sealedsecrets`,
  };
}

/** The causes of a refusal. */
export const causesOf = ({ details }: ApiStatus): FieldCause[] => (details?.["causes"] ?? []) as FieldCause[];

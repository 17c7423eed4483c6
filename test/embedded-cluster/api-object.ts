/** JSON objects as they come from a request body, before anything about them is known. */
export type JsonObject = Record<string, unknown>;

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
}

/** A Kubernetes object. Stored objects are never changed in place: each write makes a new one. */
export interface ApiObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [field: string]: unknown;
}

/** @returns true for a JSON object: neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object with some metadata fields replaced; a field given as undefined is removed. */
export function withMetadata(
  object: ApiObject,
  changes: { [Field in keyof ObjectMeta]: ObjectMeta[Field] | undefined },
): ApiObject {
  const metadata = Object.fromEntries(
    Object.entries({ ...object.metadata, ...changes }).filter(([, value]) => value !== undefined),
  ) as ObjectMeta;
  return { ...object, metadata };
}

/** Metadata alone, as an answer to `Accept: ...;as=PartialObjectMetadata`. */
export function partialObjectMetadata(object: ApiObject): ApiObject {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}

/** @returns the present time as the API server writes `metav1.Time`: whole seconds, UTC. */
export function wholeSecondNow(): string {
  return `${new Date().toISOString().slice(0, 19)}Z`;
}

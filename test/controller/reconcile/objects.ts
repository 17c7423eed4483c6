import type { WritePolicy } from "../../../controller/reconcile/gates.ts";
import type { SecretObject, WantedSecret } from "../../../controller/reconcile/secret-object.ts";
import { toBase64, utf8 } from "../../../shared/bytes.ts";
import { API_VERSION, KIND } from "../../../shared/resource.ts";
import type { SealedSecret } from "../../../shared/sealed-secret.ts";

/** Uid of the SealedSecret in these tables. */
export const OUR_UID = "11111111-1111-4111-8111-111111111111";

/** A SealedSecret `team/db` as the API server gives it. */
export function sealedSecret(
  changes: { metadata?: Partial<SealedSecret["metadata"]>; spec?: Partial<SealedSecret["spec"]> } = {},
): SealedSecret {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name: "db",
      namespace: "team",
      uid: OUR_UID,
      resourceVersion: "7",
      generation: 1,
      ...changes.metadata,
    },
    spec: { encryptedData: {}, ...changes.spec },
  };
}

/** What `team/db` asks for: one item, one label, one annotation. */
export function wanted(changes: Partial<WantedSecret> = {}): WantedSecret {
  return {
    namespace: "team",
    name: "db",
    labels: { app: "shop" },
    annotations: { note: "sealed" },
    type: null,
    immutable: null,
    data: items({ password: "new" }),
    owner: { name: "db", uid: OUR_UID },
    ...changes,
  };
}

/** Items as a Secret holds them. */
export function items(plain: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(plain).map(([item, text]) => [item, toBase64(utf8(text))]));
}

/** The reference that makes `team/db` the controller of a Secret. */
export const OUR_REFERENCE = {
  apiVersion: API_VERSION,
  kind: KIND,
  name: "db",
  uid: OUR_UID,
  controller: true,
};

/** A Secret `team/db` as it stands in the cluster. */
export function existing(
  metadata: Partial<SecretObject["metadata"]> = {},
  fields: Partial<Omit<SecretObject, "metadata">> = {},
): SecretObject {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "db",
      namespace: "team",
      uid: "22222222-2222-4222-8222-222222222222",
      resourceVersion: "41",
      creationTimestamp: "2030-01-01T00:00:00Z",
      ...metadata,
    },
    type: "Opaque",
    data: items({ password: "old", theirs: "kept" }),
    ...fields,
  };
}

/** What the API server notes of a Secret whose creator called itself so. */
export function createdBy(manager: string): Pick<SecretObject["metadata"], "managedFields"> {
  const fieldsV1 = { "f:data": { ".": {}, "f:password": {} }, "f:type": {} };
  return {
    managedFields: [{ manager, operation: "Update", apiVersion: "v1", fieldsType: "FieldsV1", fieldsV1 }],
  };
}

/** A controller without any permission by option. */
export const POLICY: WritePolicy = {
  ownNamespace: "kube-system",
  keyPrefix: "sealed-secrets-key",
  allowedTypes: [],
  allowedAnnotations: [],
  adoptNamespaces: [],
  secretLabels: {},
  secretAnnotations: {},
  forbidOwnNamespace: false,
  deniedMetadata: [],
};

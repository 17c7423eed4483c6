import { type Bytes, concat, utf8 } from "../bytes.ts";
import { InputError } from "../errors.ts";
import type { Scope } from "../scope.ts";
import { KeyServiceError } from "./key-service-error.ts";
import type { KmsContext } from "./kms-api.ts";
import type { Binding } from "./sealer.ts";

/** The formats whose values lie under a key service, each with its version. */
export type ValueFormat = "kms:1" | "vault:1";

/** A binding whose cluster is known. */
export type ClusterBinding = Binding & { clusterId: string };

/**
 * The place a value is bound to, as bytes (docs/formats.md): format, cluster id, scope kind, namespace, name and item,
 * each as its length in UTF-8 (u32be) and its UTF-8. Namespace and name are empty where the scope does not bind them. Two
 * places have the same bytes only when they are the same.
 */
export function placeBytes(format: ValueFormat, { clusterId, scope }: ClusterBinding, item: string): Bytes {
  const { namespace, name } = boundPlace(scope);
  return joinFields([format, clusterId, scope.kind, namespace ?? "", name ?? "", item]);
}

/**
 * The pairs that AWS KMS binds the data key of a sealing to (docs/formats.md). Without the item, since all items of a
 * sealing share the data key: it stands in the place bytes of each.
 */
export function kmsContext({ clusterId, scope }: ClusterBinding): KmsContext {
  const { namespace, name } = boundPlace(scope);
  return {
    "signet-format": "kms:1" satisfies ValueFormat,
    "signet-cluster": clusterId,
    "signet-scope": scope.kind,
    ...(namespace === undefined ? {} : { "signet-namespace": namespace }),
    ...(name === undefined ? {} : { "signet-name": name }),
  };
}

/** Texts as bytes from which they can be told again: each as its length in UTF-8 (u32be) and its UTF-8. */
export function joinFields(fields: readonly string[]): Bytes {
  return concat(
    ...fields.flatMap((field) => {
      const bytes = utf8(field);
      const length = new Uint8Array(4);
      new DataView(length.buffer).setUint32(0, bytes.length);
      return [length, bytes];
    }),
  );
}

/** @throws InputError naming --cluster-id where the cluster is not known: a value has to be sealed for one. */
export function clusterToSealFor({ clusterId, scope }: Binding): ClusterBinding {
  if (clusterId !== null && clusterId !== "") return { clusterId, scope };
  throw new InputError(
    "values under a key service are sealed for one cluster, and its id is not known",
    "name it with --cluster-id: the uid of the cluster's namespace kube-system",
  );
}

/** @throws KeyServiceError (`misused`) naming --cluster-id where the cluster is not known: nothing would open. */
export function clusterToOpenIn({ clusterId, scope }: Binding): ClusterBinding {
  if (clusterId !== null && clusterId !== "") return { clusterId, scope };
  throw new KeyServiceError(
    "misused",
    "values under a key service are bound to a cluster, and the id of this one is not known",
    "set --cluster-id, or allow reading the namespace kube-system, whose uid is the id",
  );
}

function boundPlace(scope: Scope): { namespace?: string; name?: string } {
  switch (scope.kind) {
    case "strict":
      return { namespace: scope.namespace, name: scope.name };
    case "namespace-wide":
      return { namespace: scope.namespace };
    case "cluster-wide":
      return {};
  }
}

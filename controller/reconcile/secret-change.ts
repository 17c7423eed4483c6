import type { OwnerReference } from "../../shared/kube/client.ts";
import { API_VERSION, KIND } from "../../shared/resource.ts";
import { DEFAULT_TYPE } from "../../shared/secret-gates.ts";
import {
  MANAGED_ANNOTATION,
  MANAGED_ITEMS_ANNOTATION,
  PATCH_ANNOTATION,
  SEALED_BY_ANNOTATION,
  type SecretObject,
  type WantedSecret,
} from "./secret-object.ts";

/** The Secret as we want it, in place of the existing one: its data, labels, annotations and owner are ours alone. */
export function replace(existing: SecretObject | null, wanted: WantedSecret): SecretObject {
  return {
    ...base(existing),
    // Only here: whoever shares his Secret has not consented to its being closed for good.
    ...(wanted.immutable === null ? {} : { immutable: wanted.immutable }),
    metadata: {
      ...(existing?.metadata ?? { name: wanted.name, namespace: wanted.namespace }),
      labels: wanted.labels,
      annotations: wanted.annotations,
      ownerReferences: ownerReferences(wanted),
    },
    type: wanted.type ?? DEFAULT_TYPE,
    ...items(existing, wanted.data),
  };
}

/** What a Secret says of itself whose items we share with others from its first day: which of them are ours. */
export function claimItems(wanted: WantedSecret): WantedSecret {
  return { ...wanted, annotations: { ...wanted.annotations, ...claimOf(wanted) } };
}

/**
 * Our items, labels and annotations merged into a Secret that others share; ours win. Items that we wrote earlier
 * and no longer want are removed; no other item is touched. How far the Secret consents stays its own word: the marks
 * of the template do not count here, else consent to merging could be made into consent to adoption.
 * @param adopt the Secret's owner becomes the one wanted, or none.
 */
export function merge(
  existing: SecretObject,
  wanted: WantedSecret,
  { adopt }: { adopt: boolean },
): SecretObject {
  const annotations = existing.metadata.annotations ?? {};
  const ours = new Set(earlierItems(annotations[MANAGED_ITEMS_ANNOTATION]));
  const theirs = Object.entries(existing.data ?? {}).filter(([item]) => !ours.has(item));
  return {
    ...base(existing),
    metadata: {
      ...existing.metadata,
      labels: { ...existing.metadata.labels, ...wanted.labels },
      annotations: {
        ...annotations,
        ...Object.fromEntries(Object.entries(wanted.annotations).filter(([key]) => !CONSENT.has(key))),
        ...claimOf(wanted),
        // Without an owner reference these say that the Secret is ours to change.
        ...(adopt && wanted.owner === null ? tenureOf(wanted) : {}),
      },
      ...(adopt ? { ownerReferences: ownerReferences(wanted) } : {}),
    },
    type: wanted.type ?? existing.type ?? DEFAULT_TYPE,
    ...items(existing, { ...Object.fromEntries(theirs), ...wanted.data }),
  };
}

const CONSENT: ReadonlySet<string> = new Set([MANAGED_ANNOTATION, PATCH_ANNOTATION, SEALED_BY_ANNOTATION]);

function tenureOf({ annotations }: WantedSecret): Record<string, string> {
  const uid = annotations[SEALED_BY_ANNOTATION];
  return { [MANAGED_ANNOTATION]: "true", ...(uid === undefined ? {} : { [SEALED_BY_ANNOTATION]: uid }) };
}

function claimOf({ data }: WantedSecret): Record<string, string> {
  return { [MANAGED_ITEMS_ANNOTATION]: JSON.stringify(Object.keys(data).sort()) };
}

/** Equal in all that we write; absent and empty maps are the same. */
export function sameSecret(a: SecretObject, b: SecretObject): boolean {
  return canonical(a) === canonical(b);
}

function base(existing: SecretObject | null): SecretObject {
  return { ...existing, apiVersion: "v1", kind: "Secret", metadata: {} };
}

/** No empty map where there was none: the API server takes that for a change, which an immutable Secret refuses. */
function items(existing: SecretObject | null, data: Record<string, string>): Pick<SecretObject, "data"> {
  return Object.keys(data).length === 0 && existing?.data == null ? {} : { data };
}

function ownerReferences({ owner }: WantedSecret): OwnerReference[] {
  if (owner === null) return [];
  return [{ apiVersion: API_VERSION, kind: KIND, name: owner.name, uid: owner.uid, controller: true }];
}

/** Item names from the annotation; one that somebody garbled counts as absent, so nothing is removed by it. */
function earlierItems(annotation: string | undefined): string[] {
  if (annotation === undefined) return [];
  try {
    const items: unknown = JSON.parse(annotation);
    return Array.isArray(items) ? items.filter((item) => typeof item === "string") : [];
  } catch {
    return [];
  }
}

function canonical({ metadata, type, immutable, data }: SecretObject): string {
  const owners = (metadata.ownerReferences ?? []).map((owner) => sortedEntries(owner));
  return JSON.stringify([
    type ?? DEFAULT_TYPE,
    immutable ?? false,
    sortedEntries(data ?? {}),
    sortedEntries(metadata.labels ?? {}),
    sortedEntries(metadata.annotations ?? {}),
    owners,
  ]);
}

function sortedEntries(map: object): [string, unknown][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}

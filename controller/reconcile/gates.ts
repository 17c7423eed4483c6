import { LAST_APPLIED_ANNOTATIONS } from "../../shared/annotations.ts";
import {
  DEFAULT_TYPE,
  fitsKey,
  forbiddenIn,
  GUARDED_TYPES,
  isRefusedCopying,
  RESERVED_LABELS,
  type SecretGates,
} from "../../shared/secret-gates.ts";
import { shellWord } from "../../shared/shell-word.ts";
import {
  MANAGED_ANNOTATION,
  SEALED_BY_ANNOTATION,
  type SecretObject,
  type WantedSecret,
} from "./secret-object.ts";

/** What the controller allows a SealedSecret to ask for: options of its start, the same for all objects. */
export type WritePolicy = SecretGates & {
  /** Namespaces whose SealedSecrets may take over Secrets that do not say so themselves; `*` for all. */
  adoptNamespaces: readonly string[];
  /** Labels of every Secret that is made, under those of its template. */
  secretLabels: Readonly<Record<string, string>>;
  /** The same for annotations. */
  secretAnnotations: Readonly<Record<string, string>>;
  /** Refuse SealedSecrets in the controller's own namespace. */
  forbidOwnNamespace: boolean;
  /** Labels and annotations that no template may set; a trailing `*` stands for any rest. */
  deniedMetadata: readonly string[];
};

/** Existing Secrets of these types belong to a component of the cluster, whatever their marks say. */
const FOREIGN_TYPES = [...GUARDED_TYPES, "helm.sh/release.v1"];

/** Prefixes of what says how Secrets and SealedSecrets are dealt with: on every Secret it would be no consent at all. */
const OWN_PREFIXES = ["signet.dev/", "sealedsecrets.bitnami.com/"];

/**
 * Judges the labels and annotations that the controller is to put on every Secret, so that an option which could only
 * have every Secret refused, or consent for all, is known at the start.
 * @returns null when they may be, else which option is wrong and why; quotes no value.
 */
export function unfitPolicy(policy: WritePolicy): string | null {
  const { secretLabels, secretAnnotations, allowedAnnotations } = policy;
  for (const [option, entries] of Object.entries({ labels: secretLabels, annotations: secretAnnotations })) {
    for (const key of Object.keys(entries)) {
      const kept = OWN_PREFIXES.some((prefix) => key.startsWith(prefix)) || LAST_APPLIED_ANNOTATIONS.has(key);
      if (kept) return `--secret-${option}: ${key} has a meaning of its own and cannot stand on every Secret`;
    }
  }
  const copying = Object.keys(secretAnnotations).find((key) => isRefusedCopying(key, allowedAnnotations));
  return copying === undefined
    ? null
    : `--secret-annotations: ${copying} makes other controllers copy every Secret; --allowed-annotations=${shellWord(copying)} permits it`;
}

/**
 * Judges what a SealedSecret asks for by itself, before the controller's own labels and annotations join it.
 * @returns null when it may ask for it, else why not; never a value.
 */
export function refusalToAsk(wanted: WantedSecret, policy: WritePolicy): string | null {
  if (policy.forbidOwnNamespace && wanted.namespace === policy.ownNamespace) {
    return `SealedSecrets in the controller's own namespace are refused here (--forbid-own-namespace); use another namespace`;
  }
  const isDenied = (key: string) => policy.deniedMetadata.some((pattern) => fitsKey(pattern, key));
  const label = Object.keys(wanted.labels).find(isDenied);
  if (label !== undefined) {
    return `the label ${JSON.stringify(label)} is refused in this cluster (--denied-metadata); remove it from the template`;
  }
  // Without an owner these are ours.
  const ours = wanted.owner === null ? [MANAGED_ANNOTATION, SEALED_BY_ANNOTATION] : [];
  const annotation = Object.keys(wanted.annotations).find((key) => isDenied(key) && !ours.includes(key));
  if (annotation === undefined) return null;
  return `the annotation ${JSON.stringify(annotation)} is refused in this cluster (--denied-metadata); remove it from the template`;
}

/**
 * Judges the Secret about to be written.
 * @returns null when it may be, else why not: names the field and what would allow it, never a value of an item.
 */
export function refusalToWrite(wanted: WantedSecret, policy: WritePolicy): string | null {
  const forbidden = forbiddenIn(wanted, policy);
  switch (forbidden?.kind) {
    case undefined:
      return null;
    case "label":
      return `the template sets the label ${forbidden.label}, by which the controller finds its own keys; remove it`;
    case "name":
      return `the name ${forbidden.name} is kept for the controller's own Secrets; choose another`;
    case "type":
      return `Secrets of type ${forbidden.type} are not allowed; start the controller with --allowed-secret-types=${forbidden.type} to permit them`;
    case "annotation":
      return `the annotation ${JSON.stringify(forbidden.annotation)} makes other controllers copy the Secret; start the controller with --allowed-annotations=${shellWord(forbidden.annotation)} to permit it`;
  }
}

/**
 * Tells whether an existing Secret is out of bounds whatever its annotations consent to.
 * @param claim uid of the SealedSecret that wants to change it, and whether the Secret names it as its controller.
 * @returns null when it is not, else what it is.
 */
export function protection(
  existing: SecretObject,
  { ownerUid, owned }: { ownerUid: string; owned: boolean },
  { allowedTypes }: WritePolicy,
): string | null {
  if (isKept(existing)) return "holds a key of the controller";
  const type = existing.type ?? DEFAULT_TYPE;
  // One that we created because an option permits its type is ours to keep.
  const created = owned && (!GUARDED_TYPES.includes(type) || allowedTypes.includes(type));
  if (FOREIGN_TYPES.includes(type) && !created) return `is of type ${type}`;
  const owner = existing.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (owner !== undefined && owner.uid !== ownerUid) return `is controlled by ${owner.kind} ${owner.name}`;
  return null;
}

/** Whether a Secret carries a label by which Signet finds keys and identities, whatever its value. */
export function isKept({ metadata }: SecretObject): boolean {
  return RESERVED_LABELS.some((label) => Object.hasOwn(metadata.labels ?? {}, label));
}

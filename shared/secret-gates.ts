import { AGE_IDENTITIES_LABEL } from "./age-identity-secret.ts";
import type { OpenedSecret } from "./opened-secret.ts";
import { KEY_LABEL } from "./sealing-key-secret.ts";

/** The type a Secret gets that names none. */
export const DEFAULT_TYPE = "Opaque";

/** Types by whose mere creation a cluster hands out credentials. */
export const GUARDED_TYPES: readonly string[] = [
  "kubernetes.io/service-account-token",
  "bootstrap.kubernetes.io/token",
];

/** Labels by which Signet finds keys and identities. */
export const RESERVED_LABELS: readonly string[] = [KEY_LABEL, AGE_IDENTITIES_LABEL];

/** Annotations that make other controllers copy a Secret elsewhere. */
const REPLICATING_ANNOTATIONS = [
  "reflector.v1.k8s.emberstack.com/",
  "replicator.v1.mittwald.de/",
  "kubed.appscode.com/sync",
  "kubernetes-replicator.olli.ai/",
  "config.kubestitch.io/",
];

/** What a Secret that was opened may be. */
export type SecretGates = {
  /** The controller's own namespace. */
  ownNamespace: string;
  /** Names there that begin with this hold sealing keys. */
  keyPrefix: string;
  /** Secret types that are refused unless named here. */
  allowedTypes: readonly string[];
  /** Annotations that are refused unless named here; a trailing `*` stands for any rest. */
  allowedAnnotations: readonly string[];
};

/** What of a Secret is refused, whoever makes it. */
export type Forbidden =
  | { kind: "label"; label: string }
  | { kind: "name"; name: string }
  | { kind: "type"; type: string }
  | { kind: "annotation"; annotation: string };

/** Judges a Secret that is about to be made of a sealed one. @returns null when it may be. */
export function forbiddenIn(
  secret: Pick<OpenedSecret, "namespace" | "name" | "labels" | "annotations" | "type">,
  gates: SecretGates,
): Forbidden | null {
  const label = Object.keys(secret.labels).find((key) => RESERVED_LABELS.includes(key));
  if (label !== undefined) return { kind: "label", label };
  const { namespace, name } = secret;
  if (namespace === gates.ownNamespace && isReservedName(name, gates)) return { kind: "name", name };
  const type = secret.type ?? DEFAULT_TYPE;
  if (GUARDED_TYPES.includes(type) && !gates.allowedTypes.includes(type)) return { kind: "type", type };
  const annotation = Object.keys(secret.annotations).find((key) =>
    isRefusedCopying(key, gates.allowedAnnotations),
  );
  return annotation === undefined ? null : { kind: "annotation", annotation };
}

/** Whether an annotation makes other controllers copy the Secret, and none of the patterns permits it. */
export function isRefusedCopying(key: string, allowed: readonly string[]): boolean {
  const copies = REPLICATING_ANNOTATIONS.some((prefix) => key.startsWith(prefix));
  return copies && !allowed.some((pattern) => fitsKey(pattern, key));
}

/** Whether a label or annotation fits a pattern, in which a trailing `*` stands for any rest. */
export function fitsKey(pattern: string, key: string): boolean {
  return pattern.endsWith("*") ? key.startsWith(pattern.slice(0, -1)) : key === pattern;
}

function isReservedName(name: string, { keyPrefix }: SecretGates): boolean {
  return name.startsWith(keyPrefix) || name.startsWith("signet-");
}

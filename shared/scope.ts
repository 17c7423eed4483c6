import { type Bytes, utf8 } from "./bytes.ts";

/** Annotation prefix of the reference, which we share. */
const PREFIX = "sealedsecrets.bitnami.com";

/** On the SealedSecret's own metadata, exactly "true": cluster-wide scope. Wins over the next one. */
export const CLUSTER_WIDE_ANNOTATION = `${PREFIX}/cluster-wide`;
/** On the SealedSecret's own metadata, exactly "true": namespace-wide scope. */
export const NAMESPACE_WIDE_ANNOTATION = `${PREFIX}/namespace-wide`;

/** Names of the scopes, as `--scope` spells them. */
export type ScopeKind = "strict" | "namespace-wide" | "cluster-wide";

/** Where a sealed value may be opened. Strict is the default. */
export type Scope =
  | { kind: "strict"; namespace: string; name: string }
  | { kind: "namespace-wide"; namespace: string }
  | { kind: "cluster-wide" };

/** Where an object stands in a cluster. */
export type Place = { namespace: string; name: string };

/** Scope name as typed, or null. The empty string means strict, as in kubeseal. */
export function parseScopeKind(text: string): ScopeKind | null {
  if (text === "" || text === "strict") return "strict";
  return text === "namespace-wide" || text === "cluster-wide" ? text : null;
}

/** The scope kind these annotations ask for. Only the exact string "true" counts. */
export function annotatedScopeKind(annotations: Readonly<Record<string, string>> | undefined): ScopeKind {
  if (annotations?.[CLUSTER_WIDE_ANNOTATION] === "true") return "cluster-wide";
  if (annotations?.[NAMESPACE_WIDE_ANNOTATION] === "true") return "namespace-wide";
  return "strict";
}

/** The scope of that kind for an object at that place. */
export function scopeAt(kind: ScopeKind, { namespace, name }: Place): Scope {
  switch (kind) {
    case "strict":
      return { kind, namespace, name };
    case "namespace-wide":
      return { kind, namespace };
    case "cluster-wide":
      return { kind };
  }
}

/**
 * The scope of a SealedSecret: from the annotations of its own metadata (never its template's) and the place where
 * it actually stands.
 */
export function scopeOf(
  metadata: Place & { annotations?: Readonly<Record<string, string>> | undefined },
): Scope {
  return scopeAt(annotatedScopeKind(metadata.annotations), metadata);
}

/**
 * The annotations that state a scope kind on a SealedSecret: the one in force, none for strict.
 */
export function scopeAnnotations(kind: ScopeKind): Record<string, string> {
  switch (kind) {
    case "strict":
      return {};
    case "namespace-wide":
      return { [NAMESPACE_WIDE_ANNOTATION]: "true" };
    case "cluster-wide":
      return { [CLUSTER_WIDE_ANNOTATION]: "true" };
  }
}

/**
 * Binding label of a scope, in UTF-8: `namespace/name`, `namespace`, or nothing. Layout fixed by kubeseal
 * (vectors: classic); unambiguous because Kubernetes names hold no slash.
 */
export function scopeLabel(scope: Scope): Bytes {
  switch (scope.kind) {
    case "strict":
      return utf8(`${scope.namespace}/${scope.name}`);
    case "namespace-wide":
      return utf8(scope.namespace);
    case "cluster-wide":
      return new Uint8Array();
  }
}

/** A scope in words, for people: `strict (team-a/db)`. */
export function describeScope(scope: Scope): string {
  switch (scope.kind) {
    case "strict":
      return `strict (${scope.namespace}/${scope.name})`;
    case "namespace-wide":
      return `namespace-wide (${scope.namespace})`;
    case "cluster-wide":
      return "cluster-wide";
  }
}

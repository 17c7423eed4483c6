import { InputError, type SealError } from "../../shared/errors.ts";
import { annotatedScopeKind, type ScopeKind } from "../../shared/scope.ts";
import { annotationsOf, type FormerPlace, formerPlaces } from "./build-marks.ts";
import type { ListItem } from "./resource-list.ts";

/** What kustomize calls the namespace of an object that names none. */
const NO_NAMESPACE: ReadonlySet<string> = new Set(["", "default"]);

/**
 * Where a sealed object stood before kustomize took it to where its values do not open.
 * @param scope what its values are bound to.
 * @returns null where the scope allows for it, or nothing changed.
 */
export function sealedPlaceLeft({ value }: Pick<ListItem, "value">, scope: ScopeKind): FormerPlace | null {
  const metadata = value["metadata"] as { name?: unknown; namespace?: unknown } | undefined;
  const left = formerPlaces(annotationsOf(value)).find(({ name, namespace }) => {
    const isMoved = !NO_NAMESPACE.has(namespace) && namespace !== metadata?.namespace;
    return (scope !== "cluster-wide" && isMoved) || (scope === "strict" && name !== metadata?.name);
  });
  return left ?? null;
}

/** The scope that the values of an object of a build have; Secrets that SOPS encrypted count as strict. */
export function scopeOfItem({ value }: Pick<ListItem, "value">): ScopeKind {
  return annotatedScopeKind(annotationsOf(value));
}

/** Tells of an object that does not open what kustomize did to it. */
export function toldAsRenamed(error: SealError, item: ListItem): SealError {
  const left = sealedPlaceLeft(item, scopeOfItem(item));
  if (left === null) return error;
  const place = NO_NAMESPACE.has(left.namespace) ? left.name : `${left.namespace}/${left.name}`;
  return new InputError(
    `${error.message}; kustomize renamed it, it was ${place}, and what is sealed cannot be renamed`,
    "seal it for the name and namespace that the build ends with, or namespace-wide; or render it below what renames it",
    { cause: error },
  );
}

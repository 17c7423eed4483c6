import { scopeItem } from "../document/sops/scope-item.ts";
import type { Scope } from "../scope.ts";

/** A part of what the scope item says. */
export type ScopePart = "form" | "cluster" | "scope" | "namespace" | "name";

/** How many parts of a place each scope binds. */
const PLACES: Readonly<Record<string, number>> = { strict: 2, "namespace-wide": 1, "cluster-wide": 0 };

/**
 * What of a scope item's text names another place than where its object stands: parts only, never what they say.
 * @returns nothing when it names this very place; `form` alone for what no scope item says.
 */
export function scopeDifferences(text: string, clusterId: string, scope: Scope): ScopePart[] {
  const expected = scopeItem(clusterId, scope);
  if (text === expected) return [];
  const [version, cluster, kind = "", ...place] = text.split("/");
  if (version !== "1" || PLACES[kind] !== place.length) return ["form"];
  const [, ourCluster, ourKind, ...ourPlace] = expected.split("/");
  const differs = (at: number) =>
    place[at] !== undefined && ourPlace[at] !== undefined && place[at] !== ourPlace[at];
  const parts: ScopePart[] = [];
  if (cluster !== ourCluster) parts.push("cluster");
  if (kind !== ourKind) parts.push("scope");
  if (differs(0)) parts.push("namespace");
  if (differs(1)) parts.push("name");
  return parts;
}

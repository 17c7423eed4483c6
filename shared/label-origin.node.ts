import { createHash } from "node:crypto";
import {
  CLUSTER_WIDE_ANNOTATION,
  describeScope,
  NAMESPACE_WIDE_ANNOTATION,
  type Place,
  type Scope,
  scopeLabel,
} from "./scope.ts";

/** What a value was sealed for, found by the hash of its label. */
export type LabelOrigin =
  /** The place at hand, under that scope: the object's annotation says another one. */
  | { kind: "here"; scope: Scope }
  /** Strict for one of the places, or namespace-wide for one of the namespaces, that were compared with. */
  | { kind: "elsewhere"; scope: Scope }
  | { kind: "unknown" };

/** Tells from the hash of a label what a value was sealed for, as far as that may be looked for. */
export class LabelOrigins {
  readonly #place: Place;
  readonly #candidates: Iterable<Place>;
  /** Scopes of the candidates by the hash of their label; made once, when first asked for. */
  #byHash: Map<string, Scope> | null = null;

  /**
   * @param place where the object at hand stands.
   * @param candidates places to compare with besides; read only when needed.
   */
  constructor(place: Place, candidates: Iterable<Place>) {
    this.#place = place;
    this.#candidates = candidates;
  }

  /** @param labelHash SHA-256 of the label a value was sealed with. */
  find(labelHash: Uint8Array): LabelOrigin {
    const hash = Buffer.from(labelHash).toString("hex");
    const { namespace, name } = this.#place;
    const here: Scope[] = [
      { kind: "strict", namespace, name },
      { kind: "namespace-wide", namespace },
      { kind: "cluster-wide" },
    ];
    const scope = here.find((candidate) => labelHashOf(candidate) === hash);
    if (scope !== undefined) return { kind: "here", scope };
    this.#byHash ??= hashesOf(this.#candidates);
    const found = this.#byHash.get(hash);
    return found === undefined ? { kind: "unknown" } : { kind: "elsewhere", scope: found };
  }
}

function hashesOf(places: Iterable<Place>): Map<string, Scope> {
  const byHash = new Map<string, Scope>();
  for (const { namespace, name } of places) {
    const scopes: Scope[] = [
      { kind: "strict", namespace, name },
      { kind: "namespace-wide", namespace },
    ];
    for (const scope of scopes) byHash.set(labelHashOf(scope), scope);
  }
  return byHash;
}

function labelHashOf(scope: Scope): string {
  return createHash("sha256").update(scopeLabel(scope)).digest("hex");
}

/**
 * What a value was sealed for, in words, and what to do where that needs saying.
 * @param place where the object stands that the value is found in.
 */
export function originInWords(origin: LabelOrigin, place: Place): { cause: string; remedy: string | null } {
  if (origin.kind !== "here") {
    const other = origin.kind === "unknown" ? "another name, namespace or scope" : placeOf(origin.scope);
    return {
      cause: `sealed for ${other}, not for ${place.namespace}/${place.name}`,
      remedy: "seal it again for this name and namespace",
    };
  }
  const { namespace, name } = place;
  switch (origin.scope.kind) {
    case "strict":
      return {
        cause: `sealed with strict scope for ${namespace}/${name}, but the SealedSecret carries the annotation of a wider scope`,
        remedy: "remove the annotation",
      };
    case "namespace-wide":
      return {
        cause: `sealed namespace-wide for ${namespace}, but the SealedSecret lacks the annotation ${NAMESPACE_WIDE_ANNOTATION}: "true"`,
        remedy: null,
      };
    case "cluster-wide":
      return {
        cause: `sealed cluster-wide, but the SealedSecret lacks the annotation ${CLUSTER_WIDE_ANNOTATION}: "true"`,
        remedy: null,
      };
  }
}

function placeOf(scope: Scope): string {
  return scope.kind === "strict" ? `${scope.namespace}/${scope.name}` : describeScope(scope);
}

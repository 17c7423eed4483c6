import { createHash } from "node:crypto";
import { type Place, type Scope, scopeLabel } from "./scope.ts";

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

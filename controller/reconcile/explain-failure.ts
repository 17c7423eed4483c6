import { createHash } from "node:crypto";
import {
  CLUSTER_WIDE_ANNOTATION,
  NAMESPACE_WIDE_ANNOTATION,
  type Place,
  type Scope,
  scopeLabel,
} from "../../shared/scope.ts";
import { DamagedValueError, NotBase64Error } from "../../shared/seal/rsa-hybrid.ts";
import type { Outcome } from "../../shared/seal/sealer.ts";

/** What the reference says of every value that no key opens; scripts search for it. */
const NO_KEY = "no key could decrypt secret";

/**
 * Says in one line a cause which items of an object did not open and why, items of the same cause together, sorted,
 * so that the same failure always gives the same text.
 * @param place where the object stands.
 * @param neighbours names of the SealedSecrets of its namespace: what the label a value was sealed for is compared with.
 * @returns null when every item opened.
 */
export function explainFailure(
  outcomes: ReadonlyMap<string, Outcome>,
  place: Place,
  neighbours: Iterable<string>,
): string | null {
  const origins = new Origins(place, neighbours);
  const items = new Map<string, string[]>();
  let notTried = 0;
  for (const [item, outcome] of outcomes) {
    if (outcome.kind === "not-tried") notTried += 1;
    const cause = causeOf(outcome, origins);
    if (cause !== null) items.set(cause, [...(items.get(cause) ?? []), item]);
  }
  if (items.size === 0) return null;
  const lines = [...items].map(([cause, named]) => cause.replace("%", () => `(${named.sort().join(", ")})`));
  lines.sort();
  if (notTried > 0) lines.push(`${notTried} more items were not tried`);
  return lines.join("\n");
}

function causeOf(outcome: Outcome, origins: Origins): string | null {
  switch (outcome.kind) {
    case "opened":
    case "not-tried":
      return null;
    case "not-my-key":
      return `${NO_KEY} %: sealed with a key this cluster does not have, or damaged; seal it again with this cluster's certificate`;
    case "sealed-elsewhere":
      return `${NO_KEY} %: ${origins.explain(outcome.labelHash)}`;
    case "malformed":
      if (outcome.error instanceof NotBase64Error) {
        return `illegal base64 data at input byte ${outcome.error.offset} %`;
      }
      if (outcome.error instanceof DamagedValueError) return `${NO_KEY} %: damaged; seal it again`;
      return `${outcome.error.message} %`;
  }
}

/** Tells from the hash of a label what a value was sealed for, as far as that may be looked for. */
class Origins {
  readonly #place: Place;
  readonly #neighbours: Iterable<string>;
  /** Names of the neighbours by the hash of their label; made once, when first asked for. */
  #byHash: Map<string, string> | null = null;

  constructor(place: Place, neighbours: Iterable<string>) {
    this.#place = place;
    this.#neighbours = neighbours;
  }

  explain(labelHash: Uint8Array): string {
    const { namespace, name } = this.#place;
    const hash = Buffer.from(labelHash).toString("hex");
    if (hash === labelHashOf({ kind: "strict", namespace, name })) {
      return `sealed with strict scope for ${namespace}/${name}, but the SealedSecret carries the annotation of a wider scope; remove the annotation`;
    }
    if (hash === labelHashOf({ kind: "namespace-wide", namespace })) {
      return `sealed namespace-wide for ${namespace}, but the SealedSecret lacks the annotation ${NAMESPACE_WIDE_ANNOTATION}: "true"`;
    }
    if (hash === labelHashOf({ kind: "cluster-wide" })) {
      return `sealed cluster-wide, but the SealedSecret lacks the annotation ${CLUSTER_WIDE_ANNOTATION}: "true"`;
    }
    this.#byHash ??= new Map(
      [...this.#neighbours].map((other) => [labelHashOf({ kind: "strict", namespace, name: other }), other]),
    );
    const neighbour = this.#byHash.get(hash);
    const origin = neighbour === undefined ? "another name, namespace or scope" : `${namespace}/${neighbour}`;
    return `sealed for ${origin}, not for ${namespace}/${name}; seal it again for this name and namespace`;
  }
}

function labelHashOf(scope: Scope): string {
  return createHash("sha256").update(scopeLabel(scope)).digest("hex");
}

import { createHash } from "node:crypto";
import { equalBytes } from "../../shared/bytes.ts";
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
  const items = new Map<string, string[]>();
  const names = [...neighbours];
  for (const [item, outcome] of outcomes) {
    const cause = causeOf(outcome, place, names);
    if (cause !== null) items.set(cause, [...(items.get(cause) ?? []), item]);
  }
  if (items.size === 0) return null;
  return [...items]
    .map(([cause, named]) => cause.replace("%", () => `(${named.sort().join(", ")})`))
    .sort()
    .join("\n");
}

function causeOf(outcome: Outcome, place: Place, neighbours: readonly string[]): string | null {
  switch (outcome.kind) {
    case "opened":
      return null;
    case "not-my-key":
      return `${NO_KEY} %: sealed with a key this cluster does not have, or damaged; seal it again with this cluster's certificate`;
    case "sealed-elsewhere":
      return `${NO_KEY} %: ${elsewhere(outcome.labelHash, place, neighbours)}`;
    case "malformed":
      if (outcome.error instanceof NotBase64Error) {
        return `illegal base64 data at input byte ${outcome.error.offset} %`;
      }
      if (outcome.error instanceof DamagedValueError) return `${NO_KEY} %: damaged; seal it again`;
      return `${outcome.error.message} %`;
  }
}

function elsewhere(labelHash: Uint8Array, place: Place, neighbours: readonly string[]): string {
  const { namespace, name } = place;
  const is = (scope: Scope) => {
    const hash = createHash("sha256").update(scopeLabel(scope)).digest();
    return equalBytes(hash, labelHash);
  };
  if (is({ kind: "strict", namespace, name })) {
    return `sealed with strict scope for ${namespace}/${name}, but the SealedSecret carries the annotation of a wider scope; remove the annotation`;
  }
  if (is({ kind: "namespace-wide", namespace })) {
    return `sealed namespace-wide for ${namespace}, but the SealedSecret lacks the annotation ${NAMESPACE_WIDE_ANNOTATION}: "true"`;
  }
  if (is({ kind: "cluster-wide" })) {
    return `sealed cluster-wide, but the SealedSecret lacks the annotation ${CLUSTER_WIDE_ANNOTATION}: "true"`;
  }
  const neighbour = neighbours.find((other) => is({ kind: "strict", namespace, name: other }));
  const origin = neighbour === undefined ? "another name, namespace or scope" : `${namespace}/${neighbour}`;
  return `sealed for ${origin}, not for ${namespace}/${name}; seal it again for this name and namespace`;
}

import { type LabelOrigin, LabelOrigins } from "../../shared/label-origin.node.ts";
import {
  CLUSTER_WIDE_ANNOTATION,
  describeScope,
  NAMESPACE_WIDE_ANNOTATION,
  type Place,
  type Scope,
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
  const { namespace } = place;
  const origins = new LabelOrigins(place, inNamespace(namespace, neighbours));
  const items = new Map<string, string[]>();
  let notTried = 0;
  for (const [item, outcome] of outcomes) {
    if (outcome.kind === "not-tried") notTried += 1;
    const cause = causeOf(outcome, (hash) => describeOrigin(origins.find(hash), place));
    if (cause !== null) items.set(cause, [...(items.get(cause) ?? []), item]);
  }
  if (items.size === 0) return null;
  const lines = [...items].map(([cause, named]) => cause.replace("%", () => `(${named.sort().join(", ")})`));
  lines.sort();
  if (notTried > 0) lines.push(`${notTried} more items were not tried`);
  return lines.join("\n");
}

function* inNamespace(namespace: string, names: Iterable<string>): Iterable<Place> {
  for (const name of names) yield { namespace, name };
}

function causeOf(outcome: Outcome, originOf: (labelHash: Uint8Array) => string): string | null {
  switch (outcome.kind) {
    case "opened":
    case "not-tried":
      return null;
    case "not-my-key":
      return `${NO_KEY} %: sealed with a key this cluster does not have, or damaged; seal it again with this cluster's certificate`;
    case "sealed-elsewhere":
      return `${NO_KEY} %: ${originOf(outcome.labelHash)}`;
    case "malformed":
      if (outcome.error instanceof NotBase64Error) {
        return `illegal base64 data at input byte ${outcome.error.offset} %`;
      }
      if (outcome.error instanceof DamagedValueError) return `${NO_KEY} %: damaged; seal it again`;
      return `${outcome.error.message} %`;
  }
}

/** What a value was sealed for, in words, and what to do. */
function describeOrigin(origin: LabelOrigin, { namespace, name }: Place): string {
  if (origin.kind !== "here") {
    const place = origin.kind === "unknown" ? "another name, namespace or scope" : placeOf(origin.scope);
    return `sealed for ${place}, not for ${namespace}/${name}; seal it again for this name and namespace`;
  }
  switch (origin.scope.kind) {
    case "strict":
      return `sealed with strict scope for ${namespace}/${name}, but the SealedSecret carries the annotation of a wider scope; remove the annotation`;
    case "namespace-wide":
      return `sealed namespace-wide for ${namespace}, but the SealedSecret lacks the annotation ${NAMESPACE_WIDE_ANNOTATION}: "true"`;
    case "cluster-wide":
      return `sealed cluster-wide, but the SealedSecret lacks the annotation ${CLUSTER_WIDE_ANNOTATION}: "true"`;
  }
}

function placeOf(scope: Scope): string {
  return scope.kind === "strict" ? `${scope.namespace}/${scope.name}` : describeScope(scope);
}

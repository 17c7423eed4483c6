import { type LabelOrigin, LabelOrigins, originInWords } from "../../shared/label-origin.node.ts";
import type { Place } from "../../shared/scope.ts";
import { RemoteValueError } from "../../shared/seal/remote-value-error.ts";
import { DamagedValueError, NotBase64Error, TooManyTrialsError } from "../../shared/seal/rsa-hybrid.ts";
import type { Outcome } from "../../shared/seal/sealer.ts";

/** What the reference says of every value that no key opens; scripts search for it. */
const NO_KEY = "no key could decrypt secret";

/** So many names are compared with; more would hold up others while an author fills his namespace with failures. */
const MOST_NEIGHBOURS = 1000;

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
    if (outcome.kind === "not-tried" && outcome.isKnownToOpen !== true) notTried += 1;
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
  let left = MOST_NEIGHBOURS;
  for (const name of names) {
    if (left-- === 0) return;
    yield { namespace, name };
  }
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
      if (outcome.error instanceof TooManyTrialsError) {
        return `the values take too many trials of keys, from % on; seal them all again with this cluster's certificate`;
      }
      if (outcome.error instanceof RemoteValueError) return `${outcome.error.what} %; ${outcome.error.hint}`;
      return `${outcome.error.message} %`;
  }
}

function describeOrigin(origin: LabelOrigin, place: Place): string {
  const { cause, remedy } = originInWords(origin, place);
  return remedy === null ? cause : `${cause}; ${remedy}`;
}

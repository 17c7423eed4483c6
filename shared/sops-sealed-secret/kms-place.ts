import type { Scope } from "../scope.ts";
import { kmsContext } from "../seal/place-binding.ts";

/** The value of `signet-format` in the context of a SOPS entry. No colon in it: the stock tool could not be given one. */
export const SOPS_FORMAT = "sops/1";

/** Pairs of a context whose keys begin so are ours: they say the place, and nothing else may stand there. */
const OURS = "signet-";

/** The pairs that AWS KMS binds the data key of a SOPS SealedSecret to, beside those of its owner (docs/formats.md). */
export function sopsKmsContext(clusterId: string, scope: Scope): Record<string, string> {
  return { ...kmsContext({ clusterId, scope }), "signet-format": SOPS_FORMAT };
}

/** Whether a pair of a KMS context is one of those that say the place. */
export function saysPlace(pair: string): boolean {
  return pair.startsWith(OURS);
}

/**
 * What of a context names another place, or none: `namespace`, `cluster`. Empty where it names this one.
 * @param clusterId null where it is not known yet: then any cluster will do that is named.
 */
export function contextDifferences(
  context: Readonly<Record<string, string>>,
  clusterId: string | null,
  scope: Scope,
): string[] {
  const named = Object.keys(context).filter(saysPlace);
  const cluster = clusterId ?? context["signet-cluster"] ?? "";
  const expected = sopsKmsContext(cluster, scope);
  const all = new Set([...Object.keys(expected), ...named]);
  const differing = [...all].filter(
    (pair) => context[pair] === undefined || context[pair] === "" || context[pair] !== expected[pair],
  );
  return differing.map((pair) => pair.slice(OURS.length));
}

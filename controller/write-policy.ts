import { UsageError } from "../shared/errors.ts";
import type { Options } from "./options.ts";
import { unfitPolicy, type WritePolicy } from "./reconcile/gates.ts";

/**
 * What the options allow a SealedSecret to ask for.
 * @param ownNamespace the controller's own.
 * @throws UsageError naming the option that would have every Secret refused.
 */
export function writePolicyOf(options: Options, ownNamespace: string): WritePolicy {
  const policy = {
    ownNamespace,
    keyPrefix: options["key-prefix"],
    allowedTypes: options["allowed-secret-types"],
    allowedAnnotations: options["allowed-annotations"],
    adoptNamespaces: options["adopt-namespaces"],
    secretLabels: options["secret-labels"],
    secretAnnotations: options["secret-annotations"],
    forbidOwnNamespace: options["forbid-own-namespace"],
    deniedMetadata: options["denied-metadata"],
  };
  const unfit = unfitPolicy(policy);
  if (unfit !== null) throw new UsageError(unfit, "change or remove that entry");
  return policy;
}

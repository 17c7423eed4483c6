import { accessBehaviours } from "./contract-access.ts";
import { changeBehaviours } from "./contract-changes.ts";
import { definitionBehaviours } from "./contract-definitions.ts";
import { listBehaviours } from "./contract-lists.ts";
import { ownershipBehaviours } from "./contract-ownership.ts";
import { refusalBehaviours } from "./contract-refusals.ts";
import type { Behaviour } from "./contract-scene.ts";
import { secretBehaviours } from "./contract-secrets.ts";
import { watchBehaviours } from "./contract-watches.ts";
import { writeBehaviours } from "./contract-writes.ts";

/**
 * What Signet relies on in an API server, as named behaviours. They run against the embedded server and against
 * kube-apiserver, so that the one stays a true stand-in for the other.
 */
export const contract: readonly Behaviour[] = [
  ...writeBehaviours,
  ...changeBehaviours,
  ...secretBehaviours,
  ...listBehaviours,
  ...watchBehaviours,
  ...ownershipBehaviours,
  ...definitionBehaviours,
  ...refusalBehaviours,
  ...accessBehaviours,
];

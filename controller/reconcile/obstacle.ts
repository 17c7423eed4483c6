import { DEFAULT_TYPE } from "../../shared/secret-gates.ts";
import type { Failure } from "./failure.ts";
import { updateFailed } from "./failure.ts";
import { RECREATE_ANNOTATION } from "./object-policy.ts";
import { sameSecret } from "./secret-change.ts";
import type { SecretObject } from "./secret-object.ts";

/**
 * What the API server would refuse whatever we do: another type, a change behind an immutable Secret.
 * @param remedy what to do about it, for the condition.
 * @returns null when the Secret can be changed as wanted.
 */
export function obstacle(secret: SecretObject, next: SecretObject, remedy: string): Failure | null {
  const name = secret.metadata.name ?? "";
  const type = secret.type ?? DEFAULT_TYPE;
  if (type !== next.type) {
    const message = `Secret "${name}" has type ${type} and ${JSON.stringify(next.type)} is asked for, but the type of a Secret cannot change: ${remedy}`;
    return updateFailed("TypeImmutable", message, { stalled: true });
  }
  if (secret.immutable === true && (next.immutable !== true || !sameItems(secret, next))) {
    const known = `Error updating ${secret.metadata.namespace}/${name}: the target Secret is immutable. Once a Secret is marked as immutable, it is not possible to revert this change nor to mutate the contents of the data field. You can only delete and recreate the Secret.`;
    // Dashboards match on the event's words as they are.
    const failure = updateFailed("SecretImmutable", known, { stalled: true });
    return { ...failure, message: `${known} Here: ${remedy}` };
  }
  return null;
}

/** Ways past an obstacle. */
export const REMEDIES = {
  /** The Secret is ours to make anew. */
  ours: `delete the Secret, and it is created anew; or let the controller do so by the annotation ${RECREATE_ANNOTATION}: "true" on the SealedSecret`,
  /** It was somebody else's first. */
  taken: `delete the Secret, and it is created anew; the controller itself does so only with Secrets that it created`,
  /** It still is. */
  shared: "others share the Secret, so the controller does not delete it; whoever made it can",
} as const;

/** A Secret that is on its way out: nothing can be written to it that lasts. */
export function beingDeleted({ metadata }: SecretObject): Failure | null {
  if (metadata.deletionTimestamp === undefined) return null;
  const finalizers = Array.isArray(metadata["finalizers"]) ? metadata["finalizers"] : [];
  const held = finalizers.filter((name) => typeof name === "string").slice(0, 3);
  const by = held.length === 0 ? "" : `, held back by its finalizers (${held.join(", ")})`;
  const message = `Secret "${metadata.name}" is being deleted${by}; it is created anew once it is gone`;
  return updateFailed("UpdateFailed", message, { stalled: false });
}

function sameItems(a: SecretObject, b: SecretObject): boolean {
  return sameSecret({ metadata: {}, data: a.data ?? {} }, { metadata: {}, data: b.data ?? {} });
}

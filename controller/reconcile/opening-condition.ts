import type { Condition, SealedSecret } from "../../shared/sealed-secret.ts";

type Status = NonNullable<SealedSecret["status"]>;

/**
 * Condition type that tells of an object in sync whose values no key opens any more: False then, and absent otherwise. Synced and
 * Ready tell of the Secret, which stays as it is.
 */
export const OPENS_CONDITION = "Opens";
/** Its reason. */
export const NO_KEY_OPENS = "NoKeyOpens";

/** Whether the status says so. */
export function saysNotOpening({
  conditions,
}: {
  conditions: readonly { type: string; status: string }[];
}): boolean {
  return conditions.some(({ type, status }) => type === OPENS_CONDITION && status === "False");
}

/**
 * The status with that condition, or without it.
 * @param problem what does not open; null where everything does.
 * @param now RFC 3339, whole seconds.
 * @returns null when it says so already.
 */
export function openingStatus(
  status: SealedSecret["status"],
  generation: number,
  problem: string | null,
  now: string,
): Status | null {
  const before = status?.conditions ?? [];
  const old = before.find(({ type }) => type === OPENS_CONDITION);
  const others = before.filter((condition) => condition !== old);
  if (problem === null) return old === undefined ? null : { ...status, conditions: others };
  const isSame = old?.status === "False" && old.message === problem && old.observedGeneration === generation;
  if (isSame) return null;
  const condition: Condition = {
    type: OPENS_CONDITION,
    status: "False",
    reason: NO_KEY_OPENS,
    message: problem,
    lastUpdateTime: now,
    lastTransitionTime: old?.status === "False" ? (old.lastTransitionTime ?? now) : now,
    observedGeneration: generation,
  };
  return { ...status, conditions: [...others, condition] };
}

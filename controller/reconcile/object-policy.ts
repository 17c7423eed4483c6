/** On a SealedSecret: what to do with a Secret of its name that is not its own. */
export const EXISTING_SECRET_ANNOTATION = "signet.dev/existing-secret";
/** On a SealedSecret: what becomes of its Secret when it is deleted. */
export const ON_REMOVAL_ANNOTATION = "signet.dev/on-removal";
/** On a SealedSecret: whether its Secret may be deleted and made anew where it cannot be changed. */
export const RECREATE_ANNOTATION = "signet.dev/recreate";
/** On a SealedSecret, "keep": what others change in its Secret stays until the SealedSecret changes; "repair": it does not, whatever the controller does with others. */
export const DRIFT_ANNOTATION = "signet.dev/drift";

/** The values each of them may have. */
const VALUES = {
  [EXISTING_SECRET_ANNOTATION]: ["adopt", "fail", "merge"],
  [ON_REMOVAL_ANNOTATION]: ["delete", "retain"],
  [RECREATE_ANNOTATION]: ["true", "false"],
  [DRIFT_ANNOTATION]: ["keep", "repair"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Annotations of a SealedSecret that say how its Secret is dealt with. */
export const POLICY_ANNOTATIONS: readonly string[] = Object.keys(VALUES);

/** What one SealedSecret says of how its Secret is dealt with. */
export type ObjectPolicy = {
  /** Null: as the existing Secret itself says. */
  existingSecret: "adopt" | "fail" | "merge" | null;
  /** The Secret outlives its SealedSecret. */
  retain: boolean;
  /** It may be deleted and made anew where the API server lets nobody change it. */
  recreate: boolean;
};

/** How a SealedSecret's policy was read; a problem names the annotation and what it may say, never what it says. */
export type PolicyReading = { ok: true; policy: ObjectPolicy } | { ok: false; problem: string };

/**
 * Reads the policy from annotations of the SealedSecret's own metadata; those of its template do not count. A value that
 * is none of those known is a problem: to pass over a misspelt `retain` would lose a Secret.
 */
export function objectPolicy(annotations: Readonly<Record<string, string>> | undefined): PolicyReading {
  const given = annotations ?? {};
  const problems = Object.entries(VALUES).flatMap(([annotation, values]: [string, readonly string[]]) => {
    const value = Object.hasOwn(given, annotation) ? given[annotation] : undefined;
    if (value === undefined || values.includes(value)) return [];
    const known = values.map((known) => JSON.stringify(known)).join(" or ");
    return [`the annotation ${annotation} must be ${known}`];
  });
  if (problems.length > 0) return { ok: false, problem: problems.join("; ") };
  const existing = given[EXISTING_SECRET_ANNOTATION];
  return {
    ok: true,
    policy: {
      existingSecret: VALUES[EXISTING_SECRET_ANNOTATION].find((value) => value === existing) ?? null,
      retain: retains(given),
      recreate: given[RECREATE_ANNOTATION] === "true",
    },
  };
}

/** Whether a SealedSecret with these annotations of its own wants its Secret to outlive it. */
export function retains(annotations: Readonly<Record<string, string>> | undefined): boolean {
  return annotations?.[ON_REMOVAL_ANNOTATION] === "retain";
}

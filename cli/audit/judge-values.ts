import { isItemName } from "../../shared/secret.ts";
import type { OpeningOutcome } from "../inventory/openings.ts";
import type { SealedObject, SealedValue } from "../inventory/sealed-object.ts";
import { AUDIT_RULES, type AuditPolicy, type AuditRule } from "./audit-rules.ts";
import { beginOf, type KeyRing } from "./key-ring.ts";

/** Something that stands against a value. */
export type AuditFinding = {
  rule: AuditRule;
  /** What it is, as a clause about the value. Never quotes one. */
  what: string;
  next: string;
  /** Whether the run fails for it. */
  fails: boolean;
};

/** A value, the key it needs, and what stands against it. */
export type AuditedValue = {
  object: SealedObject;
  value: SealedValue;
  outcome: OpeningOutcome;
  /** The key that opened it, else the one that is claimed; null where nothing is known. */
  key: string | null;
  proof: "opened" | "claimed" | "none";
  /** How long ago its key began; null where that is not known, or a key service turns its keys itself. */
  ageMs: number | null;
  findings: AuditFinding[];
};

/** What values are judged by. */
export type Judging = { ring: KeyRing; policy: AuditPolicy; now: Date };

/** Judges one value by what came of opening it. */
export function judgeValue(
  object: SealedObject,
  value: SealedValue,
  outcome: OpeningOutcome,
  { ring, policy, now }: Judging,
): AuditedValue {
  const { key, proof } = keyOf(value, outcome);
  const notBefore = key === null ? null : beginOf(key, ring);
  const ageMs = notBefore === null ? null : now.getTime() - notBefore.getTime();
  const audited: AuditedValue = { object, value, outcome, key, proof, ageMs, findings: [] };
  const add = (rule: AuditRule, what: string, next: string = AUDIT_RULES[rule].next) =>
    void audited.findings.push({ rule, what, next, fails: policy.failOn.has(rule) });
  const unfit = unfitness(value, outcome);
  if (unfit !== null) add("does-not-open", unfit.what, unfit.next);
  const stranger = strangeness(audited, ring);
  if (stranger !== null) add("unknown-key", stranger);
  if (proof !== "opened") add("claimed", claimInWords(audited), nextToProve(outcome));
  const takenOut = key === null ? undefined : ring.known.get(key);
  if (proof !== "none" && takenOut?.standing === "taken out")
    add("retired-key", `${takenOut.source} holds its key and is marked as ${takenOut.label ?? "taken out"}`);
  if (object.scope !== "strict") add("scope", `its scope is ${object.scope}`);
  const { maxKeyAgeMs } = policy;
  if (maxKeyAgeMs !== null && value.backend === "classic") {
    if (ageMs === null)
      add("old-key", "the age of its key is not known", "give --open, or --cert with the keys' certificates");
    else if (ageMs > maxKeyAgeMs) add("old-key", `its key is ${daysOf(ageMs)} days old`);
  }
  return audited;
}

/** Whole days. */
export function daysOf(ageMs: number): number {
  return Math.floor(ageMs / 86_400_000);
}

function keyOf(
  { claimed }: SealedValue,
  outcome: OpeningOutcome,
): { key: string | null; proof: AuditedValue["proof"] } {
  // The key is the right one, whatever place the value was sealed for.
  if (outcome.kind === "opened" || outcome.kind === "sealed-elsewhere")
    return { key: outcome.key, proof: "opened" };
  if (outcome.kind === "damaged" && outcome.key !== null) return { key: outcome.key, proof: "opened" };
  return { key: claimed, proof: claimed === null ? "none" : "claimed" };
}

function unfitness(
  { item, backend }: SealedValue,
  outcome: OpeningOutcome,
): { what: string; next: string } | null {
  if (outcome.kind === "damaged") return { what: outcome.problem, next: outcome.next };
  if (outcome.kind === "sealed-elsewhere")
    return {
      what: "it was sealed for another name, namespace or scope",
      next: AUDIT_RULES["does-not-open"].next,
    };
  if (!isItemName(item))
    return { what: "it has a name that no item of a Secret may have", next: "seal it under another name" };
  return backend === "unknown" ? { what: "its form is not known", next: "seal it" } : null;
}

/** Why a value is for another cluster, as far as keys tell; null where nothing speaks for that. */
function strangeness({ value, outcome, key, proof }: AuditedValue, ring: KeyRing): string | null {
  if (value.backend !== "classic" || outcome.kind === "damaged") return null;
  if (proof === "opened") {
    const isForeign = ring.isComplete && ring.known.get(key ?? "")?.standing === "given";
    return isForeign
      ? `the key that opens it (${ring.known.get(key ?? "")?.source}) is none of the cluster's`
      : null;
  }
  const isKnown = key !== null && ring.known.has(key);
  const isAtHand = key !== null && ring.opening.some(({ fingerprint }) => fingerprint === key);
  if (ring.opening.length > 0 && (!isKnown || isAtHand)) return "none of the keys at hand opens it";
  return ring.isComplete && key !== null && !isKnown
    ? "the key that it claims is none of the cluster's"
    : null;
}

function claimInWords({ outcome, proof }: AuditedValue): string {
  const why = outcome.kind === "not-tried" ? `: ${outcome.problem}` : "";
  return proof === "claimed" ? `its key is only claimed${why}` : `nothing says which key it needs${why}`;
}

function nextToProve(outcome: OpeningOutcome): string {
  return outcome.kind === "not-tried" ? outcome.next : AUDIT_RULES.claimed.next;
}

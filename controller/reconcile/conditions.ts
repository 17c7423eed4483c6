import type { Condition, SealedSecret } from "../../shared/sealed-secret.ts";
import type { VaultNotes } from "../vault-kv/vault-notes.ts";
import { canonicalJson } from "./canonical-json.ts";
import { OPENS_CONDITION } from "./opening-condition.ts";
import type { SyncRecord } from "./sync-record.ts";

/** Condition types that we write, in the order in which they stand: dashboards read the first one. */
export const CONDITION_TYPES = ["Synced", "Ready", "Reconciling", "Stalled"] as const;
/** A condition type of ours. */
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** Why an object is in sync or is not. Stable: scripts and alerts match on it. */
export type Reason =
  | "Unsealed"
  | "UnsealFailed"
  | "ValuesExposed"
  | "TemplateFailed"
  | "MalformedSealedSecret"
  | "SecretForbidden"
  | "PolicyInvalid"
  | "NotManaged"
  | "SecretImmutable"
  | "TypeImmutable"
  | "UpdateFailed"
  | "KeyServiceUnavailable"
  | "KeyServiceRefused"
  | "KeyNotAllowed"
  | "VaultReferencesOff"
  | "VaultMountNotAllowed"
  | "VaultAccountMissing"
  | "VaultTokenForbidden"
  | "VaultAudienceRefused"
  | "VaultLoginRefused"
  | "VaultForbidden"
  | "VaultSecretMissing"
  | "VaultSecretDeleted"
  | "VaultVersionDestroyed"
  | "VaultFieldMissing"
  | "VaultValuesTooLarge";

/** What came of reconciling one object, as its status tells it. */
export type Verdict =
  /** `warning`: what the author should know of an object that is in sync, or nothing. */
  | { kind: "in-sync"; warning: string }
  /**
   * `stalled`: someone must change something first. Otherwise the same input may succeed on a retry. `secretGone`: its Secret
   * is known not to be there.
   */
  | { kind: "failed"; reason: Reason; message: string; stalled: boolean; secretGone?: boolean };

/** The part of a SealedSecret that its conditions are told by. */
export type StatusHolder = {
  metadata: { generation?: number | undefined };
  status?: SealedSecret["status"];
};

/** What `status.signet` keeps: the record of the success, and the fingerprints of the keys that opened the values. */
export type SyncNotes = Partial<SyncRecord> & { keys?: string[] };

type Wanted = { status: "True" | "False"; reason: Reason; message: string };

/**
 * The status that tells a verdict, from the status the object has; null when nothing needs to be written.
 * kstatus reads `Reconciling` and `Stalled` before `Ready`, so the one that does not apply is absent. A passing fault
 * leaves a good `Synced` of the same generation alone while the Secret still stands: deployments fail on False.
 * @param now RFC 3339 time of this verdict, whole seconds.
 * @param notes of an object that is in sync; null for none, which takes earlier ones away.
 * @param vault what was read from Vault; null for nothing, which takes earlier notes away; undefined leaves them.
 */
export function nextStatus(
  sealedSecret: StatusHolder,
  verdict: Verdict,
  now: string,
  notes: SyncNotes | null = null,
  vault?: VaultNotes | null,
): NonNullable<SealedSecret["status"]> | null {
  const generation = sealedSecret.metadata.generation ?? 0;
  const before = sealedSecret.status?.conditions ?? [];
  const wanted = conditionsFor(verdict, standsInSync(sealedSecret));
  const conditions = CONDITION_TYPES.flatMap((type) => {
    const entry = wanted[type];
    return entry === undefined
      ? []
      : [
          merged(
            before.find((old) => old.type === type),
            type,
            entry,
            generation,
            now,
          ),
        ];
  });
  // What was just tried needs no word on whether it would still open.
  const ours = new Set<string>([...CONDITION_TYPES, OPENS_CONDITION]);
  const foreign = before.filter(({ type }) => !ours.has(type));
  const same =
    sealedSecret.status?.observedGeneration === generation &&
    canonicalJson(sealedSecret.status.signet ?? null) === canonicalJson(notes) &&
    (vault === undefined || canonicalJson(sealedSecret.status.vault ?? null) === canonicalJson(vault)) &&
    before.length === conditions.length + foreign.length &&
    conditions.every((condition, at) => sameVerdict(condition, before[at]));
  if (same) return null;
  const { signet: _earlier, vault: noted, ...rest } = sealedSecret.status ?? {};
  const read = vault === undefined ? noted : vault;
  return {
    ...rest,
    observedGeneration: generation,
    conditions: [...conditions, ...foreign],
    ...(notes === null ? {} : { signet: notes }),
    ...(read == null ? {} : { vault: read }),
  };
}

/** Whether the status says that this very generation was carried out. */
function standsInSync({ metadata, status }: StatusHolder): boolean {
  const synced = status?.conditions?.find(({ type }) => type === "Synced");
  return synced?.status === "True" && status?.observedGeneration === metadata.generation;
}

function conditionsFor(verdict: Verdict, stood: boolean): Partial<Record<ConditionType, Wanted>> {
  if (verdict.kind === "in-sync") {
    const good: Wanted = { status: "True", reason: "Unsealed", message: "" };
    // What reads `Synced` takes any message there for a failure.
    return { Synced: good, Ready: { ...good, message: verdict.warning } };
  }
  const { reason, message, stalled, secretGone = false } = verdict;
  const bad: Wanted = { status: "False", reason, message };
  if (stalled) return { Synced: bad, Ready: bad, Stalled: { ...bad, status: "True" } };
  const synced: Wanted = stood && !secretGone ? { status: "True", reason: "Unsealed", message: "" } : bad;
  return { Synced: synced, Ready: bad, Reconciling: { ...bad, status: "True" } };
}

function merged(
  old: Condition | undefined,
  type: ConditionType,
  { status, reason, message }: Wanted,
  generation: number,
  now: string,
): Condition {
  const flipped = old?.status !== status || old.lastTransitionTime === undefined;
  const condition: Condition = {
    type,
    status,
    reason,
    ...(message === "" ? {} : { message }),
    lastUpdateTime: now,
    lastTransitionTime: flipped ? now : (old.lastTransitionTime ?? now),
    observedGeneration: generation,
  };
  return old !== undefined && sameVerdict(condition, old) ? old : condition;
}

function sameVerdict(a: Condition, b: Condition | undefined): boolean {
  return (
    a.type === b?.type &&
    a.status === b.status &&
    a.reason === b.reason &&
    (a.message ?? "") === (b.message ?? "") &&
    a.observedGeneration === b.observedGeneration
  );
}

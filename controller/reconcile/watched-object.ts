import type { KubeObject } from "../../shared/kube/client.ts";
import { API_VERSION, KIND, SEALING_KEY_ANNOTATION } from "../../shared/resource.ts";
import { CLUSTER_WIDE_ANNOTATION, NAMESPACE_WIDE_ANNOTATION } from "../../shared/scope.ts";
import { FLUX_DECRYPT_ANNOTATION } from "../../shared/sops-sealed-secret/flux-mark.ts";
import type { EntryVersion } from "../vault-kv/entry-version.ts";
import { versionsIn } from "../vault-kv/vault-notes.ts";
import { readReferences, type VaultReference } from "../vault-kv/vault-reference.ts";
import { digestOf } from "./digest.ts";
import { DRIFT_ANNOTATION, retains } from "./object-policy.ts";
import { sealedObject } from "./sealed-object.ts";
import type { SyncRecord } from "./sync-record.ts";

/** One condition as metrics tell it. */
export type WatchedCondition = { readonly type: string; readonly status: string; readonly reason: string };

/** What the cache keeps of a SealedSecret: enough to tell whether there is work, none of its values. */
export type WatchedObject = {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly deleting: boolean;
  /** Digest of all that decides how the Secret looks: spec, SOPS metadata, annotations of scope and policy, identity. */
  readonly inputs: string;
  /** Whether it is a SOPS document: then what opens depends on the cluster it is in. */
  readonly isSops: boolean;
  /** Digest of all annotations. */
  readonly annotations: string;
  /** What becomes of changes of its Secret by others; null: as the controller does with all. */
  readonly drift: "keep" | "repair" | null;
  /** Its Secret shall outlive it. */
  readonly retains: boolean;
  /** Its label `app.kubernetes.io/instance`, which a metric carries; empty for none. */
  readonly instance: string;
  readonly observedGeneration: number | null;
  readonly conditions: readonly WatchedCondition[];
  /** What its status says of its last success; may be anything, since others may write it. */
  readonly said: Partial<SyncRecord>;
  /** What it takes from Vault; null for nothing. */
  readonly vault: WatchedReferences | null;
};

/** What is kept of an object's Vault references. */
export type WatchedReferences = {
  readonly references: readonly VaultReference[];
  /** What its status says of the versions that were read, by item; others may write it. */
  readonly versions: ReadonlyMap<string, EntryVersion>;
  /** Digest of all that its status says of them. */
  readonly notes: string;
};

/** What the cache keeps of an object. Never throws: a malformed object gets a condition, not silence. */
export function watchedObject(object: KubeObject): WatchedObject {
  const { metadata } = object;
  const { namespace = "", name = "", uid = "", resourceVersion = "" } = metadata;
  const annotations = metadata.annotations ?? {};
  const isSops = object["sops"] !== undefined;
  const deciding = Object.entries(annotations).filter(
    ([key]) => decides(key) || (isSops && key === FLUX_DECRYPT_ANNOTATION),
  );
  const status = mapOf(object["status"]);
  return {
    namespace,
    name,
    uid,
    resourceVersion,
    generation: metadata.generation ?? 0,
    deleting: metadata.deletionTimestamp !== undefined,
    inputs: digestOf([uid, namespace, name, object["spec"], object["sops"], Object.fromEntries(deciding)]),
    isSops,
    annotations: Object.keys(annotations).length === 0 ? "" : digestOf(annotations),
    drift: driftOf(annotations[DRIFT_ANNOTATION]),
    retains: retains(annotations),
    instance: metadata.labels?.["app.kubernetes.io/instance"] ?? "",
    observedGeneration:
      typeof status["observedGeneration"] === "number" ? status["observedGeneration"] : null,
    conditions: conditionsOf(status["conditions"]),
    said: saidIn(mapOf(status["signet"])),
    vault: vaultOf(object, status["vault"]),
  };
}

/** Whether a change asks for work: spec, annotations (scope, policy), identity or deletion, but not our own status. */
export function needsWork(before: WatchedObject, after: WatchedObject): boolean {
  return (
    before.uid !== after.uid ||
    before.generation !== after.generation ||
    before.deleting !== after.deleting ||
    before.inputs !== after.inputs ||
    before.annotations !== after.annotations ||
    // Somebody took our verdict away.
    (saysSynced(before) && !saysSynced(after) && after.conditions.length === 0)
  );
}

/** Whether the status says that this generation is in sync, and nothing else. */
export function saysSynced({ conditions, observedGeneration, generation }: WatchedObject): boolean {
  const says = (type: string) => conditions.find((condition) => condition.type === type)?.status === "True";
  return (
    observedGeneration === generation &&
    says("Synced") &&
    says("Ready") &&
    !says("Reconciling") &&
    !says("Stalled")
  );
}

function driftOf(said: string | undefined): WatchedObject["drift"] {
  return said === "keep" || said === "repair" ? said : null;
}

/** A SealedSecret as an event names it. */
export function reference({ namespace, name, uid, resourceVersion }: WatchedObject): KubeObject {
  return { apiVersion: API_VERSION, kind: KIND, metadata: { namespace, name, uid, resourceVersion } };
}

/** Annotations that change the Secret. The key hint only orders trials. */
function decides(annotation: string): boolean {
  if (annotation === CLUSTER_WIDE_ANNOTATION || annotation === NAMESPACE_WIDE_ANNOTATION) return true;
  return annotation.startsWith("signet.dev/") && annotation !== SEALING_KEY_ANNOTATION;
}

/** Of references that cannot be read there is nothing to follow. */
function vaultOf(object: KubeObject, notes: unknown): WatchedObject["vault"] {
  const listed = mapOf(object["spec"])["vault"];
  if (!Array.isArray(listed) || listed.length === 0) return null;
  const { parsed } = sealedObject(object);
  const judged = parsed.ok ? readReferences(parsed.sealedSecret) : null;
  if (judged?.ok !== true) return null;
  const { references } = judged;
  const said = versionsIn(notes);
  const versions = references.flatMap(({ key }) => {
    const version = said.get(key);
    return version === undefined ? [] : [[key, version] as const];
  });
  return { references, versions: new Map(versions), notes: digestOf(notes) };
}

/** Ten thousand objects in sync share one list. */
const shared = new Map<string, readonly WatchedCondition[]>();
const MOST_SHARED = 1000;
/** Whoever may write a status may fill it: of each object no more is kept than anybody needs. */
const MOST_CONDITIONS = 16;
const LONGEST_WORD = 100;

function conditionsOf(value: unknown): readonly WatchedCondition[] {
  if (!Array.isArray(value)) return [];
  const conditions = value
    .map(mapOf)
    .map(({ type, status, reason }) => ({
      type: wordOf(type),
      status: wordOf(status),
      reason: wordOf(reason),
    }))
    .filter(({ type }) => type !== "")
    .slice(0, MOST_CONDITIONS);
  const key = JSON.stringify(conditions);
  const known = shared.get(key);
  if (known !== undefined) return known;
  // Those in use come back at once.
  if (shared.size >= MOST_SHARED) shared.clear();
  shared.set(key, conditions);
  return conditions;
}

function wordOf(value: unknown): string {
  return typeof value === "string" && value.length <= LONGEST_WORD ? value : "";
}

function saidIn(signet: Record<string, unknown>): Partial<SyncRecord> {
  const words = (["record", "left", "merged"] as const).map((name) => [name, wordOf(signet[name])] as const);
  return Object.fromEntries(words.filter(([, word]) => word !== ""));
}

function mapOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

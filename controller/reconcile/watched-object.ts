import { SealError } from "../../shared/errors.ts";
import type { KubeObject } from "../../shared/kube/client.ts";
import { API_VERSION, KIND } from "../../shared/resource.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import type { StatusHolder } from "./conditions.ts";

/** A SealedSecret as the cache keeps it. */
export type WatchedObject = {
  /** As the API server gave it, without managedFields. */
  object: KubeObject;
  /** The same, checked; or why it is not a SealedSecret that can be worked on. */
  parsed: { ok: true; sealedSecret: SealedSecret } | { ok: false; problem: string };
};

/** What the cache keeps of an object. Never throws: a malformed object gets a condition, not silence. */
export function watchedObject(raw: KubeObject): WatchedObject {
  const { managedFields: _managedFields, ...metadata } = raw.metadata;
  // Lists of built-in kinds carry neither; those of custom resources do, older servers' perhaps not.
  const object: KubeObject = { ...raw, apiVersion: API_VERSION, kind: KIND, metadata };
  try {
    return { object, parsed: { ok: true, sealedSecret: parseSealedSecret(object, "the object") } };
  } catch (error) {
    const problem = error instanceof SealError ? error.message : "it cannot be read";
    return { object, parsed: { ok: false, problem } };
  }
}

/** Whether a change asks for work: spec, annotations (scope, policy), identity or deletion, but not our own status. */
export function needsWork(before: KubeObject, after: KubeObject): boolean {
  const a = before.metadata;
  const b = after.metadata;
  return (
    a.uid !== b.uid ||
    a.generation !== b.generation ||
    a.deletionTimestamp !== b.deletionTimestamp ||
    JSON.stringify(a.annotations ?? {}) !== JSON.stringify(b.annotations ?? {})
  );
}

/** On a SealedSecret, "keep": what others change in its Secret stays until the SealedSecret changes. */
export const DRIFT_ANNOTATION = "signet.dev/drift";

/** Whether a SealedSecret asks that changes of its Secret be left as they are. */
export function keepsEdits({ object }: WatchedObject): boolean {
  return object.metadata.annotations?.[DRIFT_ANNOTATION] === "keep";
}

/** What the conditions are told by. Of a malformed object a status that can be read counts all the same. */
export function statusHolder({ object, parsed }: WatchedObject): StatusHolder {
  if (parsed.ok) return parsed.sealedSecret;
  const metadata = { generation: object.metadata.generation };
  try {
    const bare = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: "status" },
      spec: { encryptedData: {} },
    };
    const { status } = parseSealedSecret({ ...bare, status: object["status"] }, "the status");
    return { metadata, status };
  } catch {
    return { metadata };
  }
}

/** Whether the status says that this generation is in sync. */
export function saysSynced(watched: WatchedObject): boolean {
  const { metadata, status } = statusHolder(watched);
  return (
    status?.observedGeneration === metadata.generation &&
    status?.conditions?.some(({ type, status: value }) => type === "Synced" && value === "True") === true
  );
}

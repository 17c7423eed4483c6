import { wordsOf } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { EventRecorder } from "../events.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { wholeSeconds } from "../timestamp.ts";
import type { VaultKv } from "../vault-kv/vault-kv.ts";
import { type VaultNotes, vaultNotes } from "../vault-kv/vault-notes.ts";
import { writeStatus } from "./apply.ts";
import { nextStatus, type SyncNotes } from "./conditions.ts";
import { belongsTo } from "./consent.ts";
import { digestOf } from "./digest.ts";
import { type Outcome, type Subject, verdictOf } from "./outcome.ts";
import { recordedInputs } from "./recorded-inputs.ts";
import { repairEvent } from "./repair-event.ts";
import { statusHolder } from "./sealed-object.ts";
import type { DriftCause, SecretDrift } from "./secret-drift.ts";
import type { SecretObject } from "./secret-object.ts";
import { secretVersion } from "./secret-version.ts";
import type { SyncRecords } from "./sync-record.ts";
import { reference, saysSynced, type WatchedObject } from "./watched-object.ts";

/** After so long it is tried anew whether the cluster's definition keeps records. */
const DROPPED_AGAIN_MS = 10 * 60_000;

/** What telling takes from the rest of the controller. */
export type TellerParts = {
  client: KubeClient;
  /** What the cache keeps of a key `namespace/name`. */
  find: (key: string) => WatchedObject | undefined;
  drift: SecretDrift;
  records: SyncRecords;
  /** Items that stand in Vault instead of the object. */
  references: Pick<VaultKv, "recorded">;
  /** Put Secrets right that others changed. */
  repairDrift: boolean;
  /** The id of the cluster, which SOPS documents say; null where it is not known. */
  clusterId: string | null;
  updateStatus: boolean;
  events: EventRecorder;
  metrics: Metrics;
  log: Log;
  now: () => Date;
};

/** Tells what came of an object: in its status, by events and by metrics, each only what is new. */
export class OutcomeTeller {
  readonly #parts: TellerParts;
  /** The last warning told of an object that is not in sync, so that retries do not repeat it. */
  readonly #told = new Map<string, string>();
  /** When the definition was last seen to drop a record, in ms since 1970; null while it keeps them. */
  #droppedAtMs: number | null = null;

  constructor(parts: TellerParts) {
    this.#parts = parts;
  }

  /** Whether others may change the Secret of this object. */
  keepsEdits({ drift }: WatchedObject): boolean {
    return drift === null ? !this.#parts.repairDrift : drift === "keep";
  }

  /**
   * Tells the outcome of one look.
   * @param drift set when nothing but its Secret had changed.
   * @param secretGone whether its Secret was known not to be there when the look began.
   * @returns whether it failed in another way than before, or for the first time.
   * @throws KubeApiError, KubeUnreachableError when the status could not be written; the signal's reason when aborted.
   */
  async tell(
    key: string,
    { sealed, watched }: Subject,
    outcome: Outcome,
    { drift, secretGone, signal }: { drift: DriftCause | null; secretGone: boolean; signal: AbortSignal },
  ): Promise<boolean> {
    const { failure, changed, secret } = outcome;
    let isNews = false;
    const { client, events, metrics, updateStatus, now } = this.#parts;
    const holder = statusHolder(sealed);
    const kept = failure === null && secret !== null && this.#mayKeepRecords();
    const at = wholeSeconds(now());
    const vault = vaultNotes(outcome.versions, holder.status?.vault, { changed, now: at });
    const notes = kept ? this.#notes(watched, secret, outcome.keys, vault) : null;
    // What was read last stands while it cannot be read anew.
    const verdict = verdictOf(outcome, { secretGone });
    const status = nextStatus(holder, verdict, at, notes, failure === null ? vault : undefined);
    if (failure === null) {
      this.#told.delete(key);
      // A status that is not written would be due for ever.
      if (changed && drift !== null) this.#tellRepair(key, watched, drift);
      else if (changed || (updateStatus && !saysSynced(watched))) {
        events.record(reference(watched), {
          type: "Normal",
          reason: "Unsealed",
          message: "SealedSecret unsealed successfully",
        });
      }
    } else if (status !== null && this.#told.get(key) !== failure.event.message) {
      isNews = true;
      this.#told.set(key, failure.event.message);
      events.record(reference(watched), { type: "Warning", ...failure.event });
    }
    this.observe(key, watched, status ?? holder.status);
    if (status === null || !updateStatus) return isNews;
    try {
      const stored = await writeStatus(sealed.object, status, client, signal);
      if (notes !== null) this.#noteDropped(stored);
    } catch (error) {
      // Changed or deleted meanwhile, as happens every day: the next look is at what it is then. No alert shall go off.
      const outdated = error instanceof KubeApiError && (error.status === 409 || error.status === 404);
      if (signal.aborted || outdated) throw error;
      metrics.countError("status", watched.namespace);
      this.#parts.log.error(
        { "sealed-secret": key, error: wordsOf(error) },
        "Error updating SealedSecret status",
      );
      throw error;
    }
    return isNews;
  }

  #notes(
    watched: WatchedObject,
    secret: SecretObject,
    keys: readonly string[],
    vault: VaultNotes | null,
  ): SyncNotes {
    const { clusterId, records, references } = this.#parts;
    const about = recordedInputs(watched, clusterId);
    const inputs = references.recorded(about, vault === null ? null : digestOf(vault));
    const version = secretVersion(secret);
    const ours = belongsTo(secret, watched.uid);
    const { left, ...lasting } = records.write({ inputs, secret: version, ours });
    return { ...lasting, ...(this.keepsEdits(watched) ? { left } : {}), keys: [...keys] };
  }

  /** The definition may have been brought up to date meanwhile: now and then one object tries. */
  #mayKeepRecords(): boolean {
    const since = this.#droppedAtMs;
    return since === null || Math.abs(this.#parts.now().getTime() - since) >= DROPPED_AGAIN_MS;
  }

  #noteDropped(stored: KubeObject): void {
    const status = stored["status"];
    const dropped = typeof status === "object" && status !== null && !("signet" in status);
    this.#parts.metrics.setRecordDropped(dropped);
    // Of several objects under work at once the first tells.
    if (dropped && this.#droppedAtMs === null) {
      this.#parts.log.warn(
        {
          hint: "apply the CustomResourceDefinition of this version: kubectl apply --server-side --force-conflicts -f crds/sealedsecrets.yaml; then restart",
        },
        "The cluster's definition of SealedSecrets drops status.signet: every restart opens all values again",
      );
    }
    this.#droppedAtMs = dropped ? this.#parts.now().getTime() : null;
  }

  /** Has the metrics follow the conditions of an object. */
  observe(key: string, { namespace, name, instance }: WatchedObject, status: SealedSecret["status"]): void {
    // One that was deleted meanwhile would stay in the metrics for ever.
    if (this.#parts.find(key) === undefined) return;
    const labels = { "app.kubernetes.io/instance": instance };
    this.#parts.metrics.observeConditions({ namespace, name, labels }, status);
  }

  #tellRepair(key: string, watched: WatchedObject, cause: DriftCause): void {
    const { drift, events, metrics } = this.#parts;
    metrics.countRepair(cause);
    const repaired = drift.repaired(key, cause);
    // One word on a quarrel is enough; the metric goes on counting.
    if (repaired !== "again") events.record(reference(watched), repairEvent(cause, repaired));
  }

  /** Drops what is remembered of an object that is gone. */
  forget(key: string): void {
    this.#told.delete(key);
    this.#parts.metrics.forget(key);
  }
}

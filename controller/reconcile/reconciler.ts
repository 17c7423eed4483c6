import { SealError, wordsOf } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath, sealedSecretPath } from "../../shared/kube/paths.ts";
import type { OpeningContext } from "../../shared/open-sealed-secret.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { EventRecorder } from "../events.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { type Backoff, doubledMs } from "../runtime/backoff.ts";
import { wholeSeconds } from "../timestamp.ts";
import { type Applied, applyPlan, updateFailure, writeStatus } from "./apply.ts";
import { nextStatus, type SyncNotes, type Verdict } from "./conditions.ts";
import { belongsTo, decide, type Failure } from "./decide.ts";
import type { WritePolicy } from "./gates.ts";
import { gather } from "./gather.ts";
import { hasTemplates, noteFailure, type TemplatePolicy, versionOf } from "./render-items.ts";
import { repairEvent } from "./repair-event.ts";
import { type SealedObject, sealedObject, statusHolder } from "./sealed-object.ts";
import type { DriftCause, SecretDrift } from "./secret-drift.ts";
import type { SecretObject } from "./secret-object.ts";
import { type SecretVersion, secretVersion } from "./secret-version.ts";
import type { SyncRecords } from "./sync-record.ts";
import { reference, saysSynced, type WatchedObject, watchedObject } from "./watched-object.ts";

/** What reconciling takes from the rest of the controller. */
export type ReconcilerParts = {
  client: KubeClient;
  /** What the cache keeps of a key `namespace/name`. */
  find: (key: string) => WatchedObject | undefined;
  /** The whole object of a key, if it is at hand; it is handed out once. */
  takeBody: (key: string) => KubeObject | null;
  /** Names of the cached SealedSecrets of a namespace. */
  neighbours: (namespace: string) => Iterable<string>;
  opening: () => OpeningContext;
  drift: SecretDrift;
  /** The Secret of a key by the watch, if there is one. */
  presentSecret: (key: string) => SecretVersion | undefined;
  /** Whether the watch has seen every Secret, so that one it does not know is not there. */
  secretsKnown: () => boolean;
  records: SyncRecords;
  /** Put Secrets right that others changed. */
  repairDrift: boolean;
  policy: WritePolicy;
  templates: TemplatePolicy;
  updateStatus: boolean;
  events: EventRecorder;
  metrics: Metrics;
  log: Log;
  now: () => Date;
};

/** The object is not in sync for a passing reason; the queue brings it back after a while. */
export class NotInSyncError extends Error {
  override readonly name = "NotInSyncError";
}

/** What came of one look at an object. */
type Outcome = {
  failure: Failure | null;
  warnings: readonly string[];
  /** The Secret as it now stands; null when that is not known. */
  secret: SecretObject | null;
  /** Whether the Secret was written. */
  changed: boolean;
};

/** One object as it is worked on. */
type Subject = { watched: WatchedObject; sealed: SealedObject };

/** What is remembered of an object that is not in sync. */
type Trouble = {
  /** The last warning told of it, so that retries do not repeat it. */
  told: string;
  /** Attempts in a row that ended stalled. */
  attempts: number;
};

/** Waits between attempts while someone must change something first: each costs private-key work for nothing. */
const STALLED: Backoff = { baseMs: 5000, capMs: 300_000 };

/** Brings one object after the other in sync. */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #troubles = new Map<string, Trouble>();
  /** Objects whose Secret was another than the watch knew: it is asked for. */
  readonly #surprised = new Set<string>();
  #toldDropped = false;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /**
   * Brings the object of a key in sync and tells in its status what came of it. An object that was in sync and whose
   * Secret is the same since is left alone, unless a look was demanded.
   * @returns milliseconds after which to look again though nothing may have changed; null when in sync.
   * @throws NotInSyncError, KubeApiError, KubeUnreachableError: to be tried again; the signal's reason when aborted.
   */
  async reconcile(key: string, signal: AbortSignal): Promise<number | null> {
    const watched = this.#parts.find(key);
    // Once the object is gone, its owner reference has the cluster collect the Secret.
    if (watched === undefined || watched.deleting) {
      // It may have gone while it was worked on, and been remembered once more at the end.
      if (watched === undefined) this.forget(key);
      return null;
    }
    const { drift, presentSecret, metrics, log } = this.#parts;
    // The watch may be behind our own write.
    const knownAbsent = this.#isKnownAbsent(key) && !drift.hasLeft(key);
    const look = drift.begin(key, { present: presentSecret(key), keepsEdits: this.#keepsEdits(watched) });
    if (look === null || typeof look === "number") return look;
    if (!look.gone && look.drift === null && (await this.#isRecorded(key, watched, signal))) {
      this.#parts.takeBody(key);
      return null;
    }
    const subject = await this.#read(key, watched, look.gone, signal);
    if (subject === null) return null;
    const held = this.#heldBackMs(key, subject.sealed);
    if (held > 0) {
      drift.demand(key);
      return held;
    }
    metrics.countAttempt();
    const { failure: whole, ...outcome } = await this.#carryOut(key, subject, knownAbsent, signal);
    const failure = whole === null ? null : presentable(whole);
    if (failure !== null) {
      metrics.countError(failure.counter, watched.namespace);
      log.error({ key, error: failure.message }, "Error updating, will retry");
    }
    await this.#tell(key, subject, { ...outcome, failure }, { drift: look.drift, signal });
    if (failure === null) {
      this.#settle(key, subject.watched, outcome.secret);
      return null;
    }
    if (!failure.stalled) throw new NotInSyncError(failure.reason);
    return this.#stalledWaitMs(key);
  }

  /** Drops what is remembered of an object that is gone. */
  forget(key: string): void {
    this.#troubles.delete(key);
    this.#surprised.delete(key);
    this.#parts.drift.forget(key);
    this.#parts.metrics.forget(key);
  }

  #keepsEdits({ keepsEdits }: WatchedObject): boolean {
    return keepsEdits || !this.#parts.repairDrift;
  }

  /** Whether the status proves that this very object was carried out and its Secret is as it was left. */
  async #isRecorded(key: string, watched: WatchedObject, signal: AbortSignal): Promise<boolean> {
    const { metrics, records, drift, secretsKnown, presentSecret } = this.#parts;
    if (watched.said.record === undefined || !saysSynced(watched)) {
      metrics.countRecord("absent");
      return false;
    }
    const secret = secretsKnown() ? presentSecret(key) : await this.#secretVersion(watched, signal);
    const { inputs, said } = watched;
    const keepsEdits = this.#keepsEdits(watched);
    const judged = secret === undefined ? null : records.judge(said, { inputs, secret }, { keepsEdits });
    metrics.countRecord(judged === null ? "mismatch" : "match");
    if (secret === undefined || judged === null) return false;
    drift.settle(key, { version: secret, ours: judged.ours });
    this.#observe(key, watched, { conditions: [...watched.conditions] });
    return true;
  }

  async #secretVersion(
    { namespace, name }: WatchedObject,
    signal: AbortSignal,
  ): Promise<SecretVersion | undefined> {
    const accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
    const path = corePath("secrets", namespace, name);
    const found = await unlessGone(this.#parts.client.request({ method: "GET", path, accept, signal }));
    return found === null ? undefined : secretVersion(found);
  }

  /**
   * The object whole, as it was seen or as it stands now.
   * @param gone its Secret has gone, so it is read anew: people delete both at once, and the Secret's end may be told
   * first; nobody would collect a new one.
   * @returns null when it is no longer there.
   */
  async #read(
    key: string,
    watched: WatchedObject,
    gone: boolean,
    signal: AbortSignal,
  ): Promise<Subject | null> {
    const { client, takeBody, drift } = this.#parts;
    const kept = takeBody(key);
    if (kept !== null && !gone) return { watched, sealed: sealedObject(kept) };
    const path = sealedSecretPath(watched.namespace, watched.name);
    try {
      const object = await unlessGone(client.request({ method: "GET", path, signal }));
      if (object === null || object.metadata.uid !== watched.uid) return null;
      if (object.metadata.deletionTimestamp !== undefined) return null;
      return { watched: watchedObject(object), sealed: sealedObject(object) };
    } catch (error) {
      // So that the retry asks again.
      if (gone) drift.wake(key, null);
      throw error;
    }
  }

  /** Only at the very end: until then whatever woke the object counts. */
  #settle(key: string, { uid }: WatchedObject, secret: SecretObject | null): void {
    if (secret === null || this.#parts.find(key) === undefined) return;
    this.#parts.drift.settle(key, { version: secretVersion(secret), ours: belongsTo(secret, uid) });
  }

  #isKnownAbsent(key: string): boolean {
    const { presentSecret, secretsKnown } = this.#parts;
    return secretsKnown() && presentSecret(key) === undefined && !this.#surprised.has(key);
  }

  #heldBackMs(key: string, { parsed }: SealedObject): number {
    if (!parsed.ok || !hasTemplates(parsed.sealedSecret)) return 0;
    return this.#parts.templates.backoff.waitMs(key, versionOf(parsed.sealedSecret));
  }

  #stalledWaitMs(key: string): number {
    const trouble = this.#troubles.get(key) ?? { told: "", attempts: 0 };
    const wait = doubledMs(trouble.attempts, STALLED);
    this.#troubles.set(key, { ...trouble, attempts: trouble.attempts + 1 });
    return wait * (0.75 + Math.random() / 2);
  }

  async #carryOut(
    key: string,
    { sealed, watched }: Subject,
    knownAbsent: boolean,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { parsed } = sealed;
    if (!parsed.ok) return failed(malformed(parsed.problem));
    const { client, opening, neighbours, policy, templates } = this.#parts;
    try {
      const surroundings = { client, opening: opening(), neighbours, templates, knownAbsent };
      const observed = await gather(parsed.sealedSecret, surroundings, signal);
      const plan = decide(observed, policy);
      const applied = await applyPlan(plan, client, signal);
      this.#surprised.delete(key);
      if (!applied.ok) noteFailure(parsed.sealedSecret, templates);
      const warnings = observed.wanted.ok ? observed.wanted.warnings : [];
      return outcomeOf(applied, observed.secret, warnings);
    } catch (error) {
      if (error instanceof KubeApiError && error.status === 409) this.#surprised.add(key);
      // A conflict is no failure of the object: somebody was faster, so look again.
      if (signal.aborted || (error instanceof KubeApiError && error.status === 409)) throw error;
      if (error instanceof KubeApiError) return failed(updateFailure(error));
      const words = error instanceof SealError ? error.message : `unexpected ${nameOf(error)}`;
      this.#parts.metrics.countError("update", watched.namespace);
      this.#parts.log.error({ key, error: words }, "Error updating, will retry");
      throw error;
    }
  }

  async #tell(
    key: string,
    { sealed, watched }: Subject,
    { failure, warnings, changed, secret }: Outcome,
    { drift, signal }: { drift: DriftCause | null; signal: AbortSignal },
  ): Promise<void> {
    const { client, events, metrics, updateStatus, now } = this.#parts;
    const holder = statusHolder(sealed);
    const kept = failure === null && secret !== null && !this.#toldDropped;
    const notes = kept ? this.#notes(watched, secret) : null;
    const status = nextStatus(holder, verdictOf(failure, warnings), wholeSeconds(now()), notes);
    if (failure === null) {
      this.#troubles.delete(key);
      // A status that is not written would be due for ever.
      if (changed && drift !== null) this.#tellRepair(key, watched, drift);
      else if (changed || (updateStatus && !saysSynced(watched))) {
        events.record(reference(watched), {
          type: "Normal",
          reason: "Unsealed",
          message: "SealedSecret unsealed successfully",
        });
      }
    } else if (status !== null && this.#troubles.get(key)?.told !== failure.event.message) {
      this.#troubles.set(key, { told: failure.event.message, attempts: 0 });
      events.record(reference(watched), { type: "Warning", ...failure.event });
    }
    this.#observe(key, watched, status ?? holder.status);
    if (status === null || !updateStatus) return;
    try {
      const stored = await writeStatus(sealed.object, status, client, signal);
      if (notes !== null) this.#noteDropped(stored);
    } catch (error) {
      if (signal.aborted) throw error;
      metrics.countError("status", watched.namespace);
      this.#parts.log.error(
        { "sealed-secret": key, error: wordsOf(error) },
        "Error updating SealedSecret status",
      );
      throw error;
    }
  }

  #notes(watched: WatchedObject, secret: SecretObject): SyncNotes {
    const { records } = this.#parts;
    const version = secretVersion(secret);
    const ours = belongsTo(secret, watched.uid);
    const { record, left } = records.write({ inputs: watched.inputs, secret: version, ours });
    return { record, ...(this.#keepsEdits(watched) ? { left } : {}) };
  }

  #noteDropped(stored: KubeObject): void {
    const status = stored["status"];
    const dropped = typeof status === "object" && status !== null && !("signet" in status);
    this.#parts.metrics.setRecordDropped(dropped);
    if (dropped) {
      this.#parts.log.warn(
        {
          hint: "apply the CustomResourceDefinition of this version: kubectl apply --server-side --force-conflicts -f crds/sealedsecrets.yaml",
        },
        "The cluster's definition of SealedSecrets drops status.signet: every restart opens all values again",
      );
    }
    this.#toldDropped = dropped;
  }

  #observe(key: string, { namespace, name, instance }: WatchedObject, status: SealedSecret["status"]): void {
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
}

/** @returns null for a 404. */
async function unlessGone(request: Promise<KubeObject>): Promise<KubeObject | null> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return null;
    throw error;
  }
}

function outcomeOf(applied: Applied, read: SecretObject | null, warnings: readonly string[]): Outcome {
  if (!applied.ok) return { ...failed(applied.failure), warnings };
  const { written } = applied;
  return { failure: null, warnings, secret: written ?? read, changed: written !== null };
}

function failed(failure: Failure): Outcome {
  return { failure, warnings: [], secret: null, changed: false };
}

/** The kind of an error that is not ours; its text may hold anything. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "failure";
}

/** Long enough for any cause; what authors may name (items, types) must not fill status, events and logs. */
const MOST_CHARACTERS = 2000;

/** A failure whose texts are bounded and hold no control characters but line breaks between causes. */
function presentable(failure: Failure): Failure {
  const { message, event } = failure;
  return { ...failure, message: bounded(message), event: { ...event, message: bounded(event.message) } };
}

function bounded(text: string): string {
  const clean = text.replace(/[^\P{Cc}\n]/gu, "\ufffd");
  return clean.length <= MOST_CHARACTERS ? clean : `${clean.slice(0, MOST_CHARACTERS)}…`;
}

function verdictOf(failure: Failure | null, warnings: readonly string[]): Verdict {
  if (failure === null) return { kind: "in-sync", warning: bounded(warnings.join("; ")) };
  const { reason, message, stalled } = failure;
  return { kind: "failed", reason, message, stalled };
}

function malformed(problem: string): Failure {
  return {
    reason: "MalformedSealedSecret",
    message: problem,
    stalled: true,
    event: { reason: "ErrUnsealFailed", message: `Failed to unseal: ${problem}` },
    counter: "unseal",
  };
}

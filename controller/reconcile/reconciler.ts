import { SealError, wordsOf } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import type { OpeningContext } from "../../shared/open-sealed-secret.ts";
import type { EventRecorder } from "../events.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { wholeSeconds } from "../timestamp.ts";
import { type Applied, applyPlan, stillStands, updateFailure, writeStatus } from "./apply.ts";
import { nextStatus, type Verdict } from "./conditions.ts";
import { belongsTo, decide, type Failure } from "./decide.ts";
import type { WritePolicy } from "./gates.ts";
import { gather } from "./gather.ts";
import { hasTemplates, noteFailure, type TemplatePolicy, versionOf } from "./render-items.ts";
import { repairEvent } from "./repair-event.ts";
import type { DriftCause, SecretDrift } from "./secret-drift.ts";
import type { SecretObject } from "./secret-object.ts";
import { type SecretVersion, secretVersion } from "./secret-version.ts";
import { keepsEdits, statusHolder, type WatchedObject } from "./watched-object.ts";

/** What reconciling takes from the rest of the controller. */
export type ReconcilerParts = {
  client: KubeClient;
  /** The cached object of a key `namespace/name`. */
  find: (key: string) => WatchedObject | undefined;
  /** Names of the cached SealedSecrets of a namespace. */
  neighbours: (namespace: string) => Iterable<string>;
  opening: () => OpeningContext;
  drift: SecretDrift;
  /** The Secret of a key by the watch, if there is one. */
  presentSecret: (key: string) => SecretVersion | undefined;
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

/** What is remembered of an object that is not in sync. */
type Trouble = {
  /** The last warning told of it, so that retries do not repeat it. */
  told: string;
  /** Attempts in a row that ended stalled. */
  attempts: number;
};

/** Waits between attempts while someone must change something first: each costs private-key work for nothing. */
const STALLED_BASE_MS = 5000;
const STALLED_CAP_MS = 300_000;

/** Brings one object after the other in sync. */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #troubles = new Map<string, Trouble>();

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
    if (watched === undefined || watched.object.metadata.deletionTimestamp !== undefined) {
      // It may have gone while it was worked on, and been remembered once more at the end.
      if (watched === undefined) this.forget(key);
      return null;
    }
    const held = this.#heldBackMs(key, watched);
    if (held > 0) return held;
    const { drift, presentSecret, repairDrift, metrics, log } = this.#parts;
    const turn = { present: presentSecret(key), keepsEdits: !repairDrift || keepsEdits(watched) };
    const look = drift.begin(key, turn);
    if (look === null || typeof look === "number") return look;
    // People delete both at once, and the Secret's end may be told first: nobody would collect a new one.
    if (look.gone && !(await this.#stillStands(key, watched, signal))) return null;
    metrics.countAttempt();
    const { failure: whole, ...outcome } = await this.#carryOut(key, watched, signal);
    const failure = whole === null ? null : presentable(whole);
    if (failure !== null) {
      metrics.countError(failure.counter, watched.object.metadata.namespace ?? "");
      log.warn({ key, error: failure.message }, "Error updating, will retry");
    }
    await this.#tell(key, watched, { ...outcome, failure }, { drift: look.drift, signal });
    if (failure === null) {
      this.#settle(key, watched, outcome.secret);
      return null;
    }
    if (!failure.stalled) throw new NotInSyncError(failure.reason);
    return this.#stalledWaitMs(key);
  }

  /** Drops what is remembered of an object that is gone. */
  forget(key: string): void {
    this.#troubles.delete(key);
    this.#parts.drift.forget(key);
    this.#parts.metrics.forget(key);
  }

  async #stillStands(key: string, { object }: WatchedObject, signal: AbortSignal): Promise<boolean> {
    try {
      return await stillStands(object, this.#parts.client, signal);
    } catch (error) {
      // So that the retry asks again.
      this.#parts.drift.wake(key, null);
      throw error;
    }
  }

  /** Only at the very end: until then whatever woke the object counts. */
  #settle(key: string, { object }: WatchedObject, secret: SecretObject | null): void {
    if (secret === null || this.#parts.find(key) === undefined) return;
    const ours = belongsTo(secret, object.metadata.uid ?? "");
    this.#parts.drift.settle(key, { version: secretVersion(secret), ours });
  }

  #heldBackMs(key: string, { parsed }: WatchedObject): number {
    if (!parsed.ok || !hasTemplates(parsed.sealedSecret)) return 0;
    return this.#parts.templates.backoff.waitMs(key, versionOf(parsed.sealedSecret));
  }

  #stalledWaitMs(key: string): number {
    const trouble = this.#troubles.get(key) ?? { told: "", attempts: 0 };
    const wait = Math.min(STALLED_CAP_MS, STALLED_BASE_MS * 2 ** trouble.attempts);
    this.#troubles.set(key, { ...trouble, attempts: trouble.attempts + 1 });
    return wait * (0.75 + Math.random() / 2);
  }

  async #carryOut(key: string, watched: WatchedObject, signal: AbortSignal): Promise<Outcome> {
    if (!watched.parsed.ok) return failed(malformed(watched.parsed.problem));
    const { client, opening, neighbours, policy, templates } = this.#parts;
    try {
      const surroundings = { client, opening: opening(), neighbours, templates };
      const observed = await gather(watched.parsed.sealedSecret, surroundings, signal);
      const plan = decide(observed, policy);
      const applied = await applyPlan(plan, client, signal);
      if (!applied.ok) noteFailure(watched.parsed.sealedSecret, templates);
      const warnings = observed.wanted.ok ? observed.wanted.warnings : [];
      return outcomeOf(applied, observed.secret, warnings);
    } catch (error) {
      // A conflict is no failure of the object: somebody was faster, so look again.
      if (signal.aborted || (error instanceof KubeApiError && error.status === 409)) throw error;
      if (error instanceof KubeApiError) return failed(updateFailure(error));
      const words = error instanceof SealError ? error.message : `unexpected ${nameOf(error)}`;
      this.#parts.metrics.countError("update", watched.object.metadata.namespace ?? "");
      this.#parts.log.warn({ key, error: words }, "Error updating, will retry");
      throw error;
    }
  }

  async #tell(
    key: string,
    watched: WatchedObject,
    { failure, warnings, changed }: Outcome,
    { drift, signal }: { drift: DriftCause | null; signal: AbortSignal },
  ): Promise<void> {
    const { client, events, metrics, updateStatus, now } = this.#parts;
    const holder = statusHolder(watched);
    const status = nextStatus(holder, verdictOf(failure, warnings), wholeSeconds(now()));
    if (failure === null) {
      this.#troubles.delete(key);
      // A status that is not written would be due for ever.
      if (changed && drift !== null) this.#tellRepair(key, watched, drift);
      else if (changed || (status !== null && updateStatus)) {
        events.record(watched.object, {
          type: "Normal",
          reason: "Unsealed",
          message: "SealedSecret unsealed successfully",
        });
      }
    } else if (status !== null && this.#troubles.get(key)?.told !== failure.event.message) {
      this.#troubles.set(key, { told: failure.event.message, attempts: 0 });
      events.record(watched.object, { type: "Warning", ...failure.event });
    }
    const { name = "", namespace = "", labels } = watched.object.metadata;
    // One that was deleted meanwhile would stay in the metrics for ever.
    if (this.#parts.find(key) !== undefined) {
      metrics.observeConditions({ name, namespace, labels: labels ?? {} }, status ?? holder.status);
    }
    if (status === null || !updateStatus) return;
    try {
      await writeStatus(watched.object, status, client, signal);
    } catch (error) {
      metrics.countError("status", namespace);
      this.#parts.log.warn({ key, error: wordsOf(error) }, "Error updating SealedSecret status");
      throw error;
    }
  }

  #tellRepair(key: string, { object }: WatchedObject, cause: DriftCause): void {
    const { drift, events, metrics } = this.#parts;
    metrics.countRepair(cause);
    const repaired = drift.repaired(key, cause);
    // One word on a quarrel is enough; the metric goes on counting.
    if (repaired !== "again") events.record(object, repairEvent(cause, repaired));
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

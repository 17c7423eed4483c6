import { SealError } from "../../shared/errors.ts";
import { KubeApiError, unlessGone } from "../../shared/kube/api-error.ts";
import type { KubeObject } from "../../shared/kube/client.ts";
import { metadataOnly } from "../../shared/kube/metadata-only.ts";
import { corePath, sealedSecretPath } from "../../shared/kube/paths.ts";
import type { OpeningContext } from "../../shared/open-sealed-secret.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { type Backoff, doubledMs } from "../runtime/backoff.ts";
import type { VaultKv } from "../vault-kv/vault-kv.ts";
import { applyPlan } from "./apply.ts";
import { belongsTo } from "./consent.ts";
import { decide } from "./decide.ts";
import { type Failure, unsealFailed, updateFailure } from "./failure.ts";
import type { WritePolicy } from "./gates.ts";
import { gather } from "./gather.ts";
import { keyServiceFailure } from "./key-service-failure.ts";
import { failed, type Outcome, outcomeOf, type Subject } from "./outcome.ts";
import { OutcomeTeller, type TellerParts } from "./outcome-teller.ts";
import { recordedInputs } from "./recorded-inputs.ts";
import { hasTemplates, noteFailure, type TemplatePolicy, versionOf } from "./render-items.ts";
import { type SealedObject, sealedObject } from "./sealed-object.ts";
import { type SecretVersion, secretVersion } from "./secret-version.ts";
import { saysSynced, type WatchedObject, watchedObject } from "./watched-object.ts";

/** What reconciling takes from the rest of the controller. */
export type ReconcilerParts = TellerParts & {
  /** The whole object of a key, if it is at hand; it is handed out once. */
  takeBody: (key: string) => KubeObject | null;
  /** Names of the cached SealedSecrets of a namespace. */
  neighbours: (namespace: string) => Iterable<string>;
  opening: () => OpeningContext;
  /** The Secret of a key by the watch, if there is one. */
  presentSecret: (key: string) => SecretVersion | undefined;
  /** Whether the watch has seen every Secret of the key's namespace, so that one it does not know is not there. */
  secretsKnown: (key: string) => boolean;
  references: VaultKv;
  policy: WritePolicy;
  templates: TemplatePolicy;
};

/** The object is not in sync for a passing reason; the queue brings it back after a while. */
export class NotInSyncError extends Error {
  override readonly name = "NotInSyncError";
}

/** Waits between attempts while someone must change something first: each costs private-key work for nothing. */
const STALLED: Backoff = { baseMs: 5000, capMs: 300_000 };

/** Brings one object after the other in sync. */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #teller: OutcomeTeller;
  /** Attempts in a row that ended stalled. */
  readonly #stalled = new Map<string, number>();
  /** Objects whose Secret was another than the watch knew: it is asked for. */
  readonly #surprised = new Set<string>();

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    this.#teller = new OutcomeTeller(parts);
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
    const look = drift.begin(key, {
      present: presentSecret(key),
      keepsEdits: this.#teller.keepsEdits(watched),
    });
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
    const outcome = await this.#carryOut(key, subject, knownAbsent, signal);
    const { failure } = outcome;
    const logFailure = ({ message }: Failure) =>
      log.error({ key, error: message }, "Error updating, will retry");
    if (failure !== null) {
      metrics.countError(failure.counter, watched.namespace);
      if (failure.isShared !== true) logFailure(failure);
    }
    const telling = { drift: look.drift, secretGone: knownAbsent || look.gone, signal };
    const isNews = await this.#teller.tell(key, subject, outcome, telling);
    if (failure?.isShared === true && isNews) logFailure(failure);
    if (failure === null || isNews) this.#stalled.delete(key);
    if (failure === null) {
      this.#settle(key, subject.watched, outcome);
      return null;
    }
    this.#parts.references.suspend(key);
    return this.#waitMs(key, failure);
  }

  /** Drops what is remembered of an object that is gone. */
  forget(key: string): void {
    this.#stalled.delete(key);
    this.#surprised.delete(key);
    this.#parts.drift.forget(key);
    this.#parts.references.forget(key);
    this.#teller.forget(key);
  }

  /** Whether the status proves that this very object was carried out and its Secret is as it was left. */
  async #isRecorded(key: string, watched: WatchedObject, signal: AbortSignal): Promise<boolean> {
    const { metrics, records, drift, references, secretsKnown, presentSecret } = this.#parts;
    if (references.isOutdated(key)) return false;
    if (watched.said.record === undefined || !saysSynced(watched)) {
      metrics.countRecord("absent");
      return false;
    }
    const secret = secretsKnown(key) ? presentSecret(key) : await this.#secretVersion(watched, signal);
    const { said, vault } = watched;
    const inputs = references.recorded(recordedInputs(watched, this.#parts.clusterId), vault?.notes ?? null);
    const keepsEdits = this.#teller.keepsEdits(watched);
    const judged = records.judge(said, { inputs, secret }, { keepsEdits });
    metrics.countRecord(judged === null ? "mismatch" : "match");
    if (judged === null) return false;
    if (secret !== undefined) drift.settle(key, { version: secret, ours: judged.ours });
    if (vault !== null) references.follow(key, vault.references, vault.versions, { read: false });
    this.#teller.observe(key, watched, { conditions: [...watched.conditions] });
    return true;
  }

  async #secretVersion(
    { namespace, name }: WatchedObject,
    signal: AbortSignal,
  ): Promise<SecretVersion | undefined> {
    const accept = metadataOnly("PartialObjectMetadata");
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
    const { client, find, takeBody, drift } = this.#parts;
    const kept = takeBody(key);
    // It may have changed since the turn began: the record is to be of what is carried out.
    const now = find(key);
    if (now === undefined || now.deleting) return null;
    if (kept !== null && !gone) return { watched: now, sealed: sealedObject(kept) };
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
  #settle(key: string, { uid, vault }: WatchedObject, { secret, versions }: Outcome): void {
    if (this.#parts.find(key) === undefined) return;
    this.#parts.references.follow(key, vault?.references ?? [], versions, { read: true });
    if (secret === null) return;
    this.#parts.drift.settle(key, { version: secretVersion(secret), ours: belongsTo(secret, uid) });
  }

  #isKnownAbsent(key: string): boolean {
    const { presentSecret, secretsKnown } = this.#parts;
    return secretsKnown(key) && presentSecret(key) === undefined && !this.#surprised.has(key);
  }

  #heldBackMs(key: string, { parsed }: SealedObject): number {
    if (!parsed.ok || !hasTemplates(parsed.sealedSecret)) return 0;
    return this.#parts.templates.backoff.waitMs(key, versionOf(parsed.sealedSecret));
  }

  /** @throws NotInSyncError where the waits are to grow with the attempts, as the queue has them. */
  #waitMs(key: string, { reason, stalled, retryInMs }: Failure): number {
    // Those that wait for the same moment come one after the other then.
    const toldMs = retryInMs === undefined ? null : retryInMs + Math.random() * spreadMs(retryInMs);
    if (!stalled) {
      if (toldMs === null) throw new NotInSyncError(reason);
      return toldMs;
    }
    const attempts = this.#stalled.get(key) ?? 0;
    this.#stalled.set(key, attempts + 1);
    return Math.max(toldMs ?? 0, doubledMs(attempts, STALLED) * (0.75 + Math.random() / 2));
  }

  async #carryOut(
    key: string,
    { sealed, watched }: Subject,
    knownAbsent: boolean,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { parsed } = sealed;
    if (!parsed.ok) return failed(unsealFailed("MalformedSealedSecret", parsed.problem));
    const { client, opening, neighbours, policy, references, templates } = this.#parts;
    try {
      const surroundings = { client, opening: opening(), neighbours, references, templates, knownAbsent };
      const observed = await gather(parsed.sealedSecret, surroundings, signal);
      const plan = decide(observed, policy);
      const applied = await applyPlan(plan, client, signal);
      this.#surprised.delete(key);
      if (!applied.ok) noteFailure(parsed.sealedSecret, templates);
      return outcomeOf(applied, observed);
    } catch (error) {
      if (error instanceof KubeApiError && error.status === 409) this.#surprised.add(key);
      // A conflict is no failure of the object: somebody was faster, so look again.
      if (signal.aborted || (error instanceof KubeApiError && error.status === 409)) throw error;
      if (error instanceof KubeApiError) return failed(updateFailure(error));
      if (error instanceof KeyServiceError) return failed(keyServiceFailure(error));
      const words = error instanceof SealError ? error.message : `unexpected ${nameOf(error)}`;
      this.#parts.metrics.countError("update", watched.namespace);
      this.#parts.log.error({ key, error: words }, "Error updating, will retry");
      throw error;
    }
  }
}

/** Never long beside the wait itself, so that what waits is not much later than it could be. */
function spreadMs(waitMs: number): number {
  return Math.min(10_000, 100 + waitMs / 4);
}

/** The kind of an error that is not ours; its text may hold anything. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "failure";
}

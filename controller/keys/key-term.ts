import { wordsOf } from "../../shared/errors.ts";
import { AWAITING_BACKUP_ANNOTATION } from "../../shared/key-publication.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import type { EventRecorder } from "../events.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Clock } from "../runtime/clock.ts";
import { NotLeadingError, type Term } from "../runtime/term.ts";
import { publishCertificate } from "./certificate-config-map.ts";
import { keysWithoutBackup } from "./key-backups.ts";
import type { KeyMaker } from "./key-maker.ts";
import { renewalDueInMs } from "./key-renewal.ts";
import type { KeyRing, ListedKey } from "./key-ring.ts";
import { KeySuccession } from "./key-succession.ts";
import type { KeyChange, KeyWatch } from "./key-watch.ts";
import { PrimaryGuard } from "./primary-guard.ts";
import { recordKnownKey } from "./sealing-key-record.ts";
import { WakeUp } from "./wake-up.ts";

/** What a leader looks after keys with. */
export type KeyTermParts = {
  term: Term;
  /** Writes only while the term holds. */
  client: KubeClient;
  events: EventRecorder;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  ring: KeyRing;
  watch: KeyWatch;
  maker: KeyMaker;
  namespace: string;
  renewPeriodMs: number;
  clusterId: () => string | null;
  /** What is published of the options that decide on keys, as annotations; null for one that is to be absent. */
  settings: Readonly<Record<string, string | null>>;
  /** Whether the key that seals is older than the options allow, which is looked at once in the life of a process. */
  cutoff: { isDue: () => boolean; settle: () => void };
};

const RETRY_MS = 10_000;
const SHORTEST_SLEEP_MS = 1000;
const LOOK_AGAIN_MS = 60_000;
/** A timer holds 24 days at most; looking once an hour also follows a clock that was set. */
const LONGEST_SLEEP_MS = 3_600_000;

/** What the leader alone does about sealing keys, for one term: it makes and renews them, publishes, and tells. */
export class KeyTerm {
  readonly #parts: KeyTermParts;
  readonly #guard: PrimaryGuard;
  readonly #succession: KeySuccession;
  readonly #renewal: WakeUp;
  readonly #record: WakeUp;
  readonly #begun = Promise.withResolvers<void>();
  #hasBegun = false;
  #wasHeldUp = false;
  /** What was told of keys, each once, by name of the Secret. */
  readonly #toldHeldBack = new Map<string, string>();
  readonly #toldWithoutBackup = new Set<string>();

  constructor(parts: KeyTermParts) {
    this.#parts = parts;
    this.#guard = new PrimaryGuard(parts.term);
    this.#succession = new KeySuccession({ ...parts, now: () => new Date(parts.clock.now()) });
    this.#renewal = new WakeUp(parts.clock);
    this.#record = new WakeUp(parts.clock);
    // Nobody may be waiting.
    this.#begun.promise.catch(() => undefined);
  }

  /** Looks after the keys until the term ends, and what is under way has ended. */
  async run(): Promise<void> {
    const { term, watch, maker, metrics, ring } = this.#parts;
    try {
      // Not with what a watch showed that may lag behind the leader before us.
      await orAborted(watch.relist(), term.signal);
      if (term.signal.aborted) return;
      this.#hasBegun = true;
      for (const [name, problem] of ring.refused) this.#tellRefused(watch.aboutSecret(name), problem);
      for (const [name, problem] of ring.ignoredPromotions)
        this.#tellIgnored(watch.aboutSecret(name), problem);
      for (const [name, { problem }] of ring.waiting) this.#tellWaiting(watch.aboutSecret(name), problem);
      this.#judge(null);
      this.#tellHeldBack();
      this.#wasHeldUp = ring.isHeldUp;
      this.#begun.resolve();
      await Promise.all([this.#renew(), this.#keepRecord()]);
    } finally {
      this.#begun.reject(new NotLeadingError());
      await maker.idle;
      metrics.setKeyUnexpected(false);
      metrics.setKeysWithoutBackup(0);
    }
  }

  /** Makes a key now. @throws what {@link KeyMaker.make} throws; NotLeadingError when the term ends first. */
  async generate(): Promise<void> {
    const { maker, term } = this.#parts;
    await this.#begun.promise;
    try {
      await maker.make(() => true);
    } catch (error) {
      if (term.signal.aborted) throw new NotLeadingError();
      throw error;
    }
  }

  /** To be told of each change of the ring. */
  changed({ ring: change, about, gone }: KeyChange, isNews: boolean): void {
    if (!this.#hasBegun) return;
    if (isNews && change.problem !== null) this.#tellRefused(about, change.problem);
    if (isNews && change.promotionProblem !== null) this.#tellIgnored(about, change.promotionProblem);
    if (isNews) this.#tellWaiting(about, change.waiting ?? null);
    this.#judge(about);
    this.#tellHeldBack();
    // What held up the making of keys is over, perhaps.
    const { isHeldUp } = this.#parts.ring;
    if (change.settled === true || (this.#wasHeldUp && !isHeldUp)) this.#renewal.call();
    this.#wasHeldUp = isHeldUp;
    this.#tellWithoutBackup();
    // No key to seal with: one is made, but not at once, since whoever replaces a key may delete it first.
    if (this.#parts.ring.primary === null && (gone || change.problem !== null)) this.#renewal.call();
    this.#record.call();
  }

  /** @param about the Secret that changed; null when it is not known. */
  #judge(about: KubeObject | null): void {
    const { clock, log, metrics, ring, term, watch } = this.#parts;
    const { primary } = ring;
    // Whoever leads no more, and has not noticed, knows nothing of the keys that his successor announces.
    if (primary === null || !term.holds()) return;
    const change = this.#guard.judge(primary, new Date(clock.now()));
    metrics.setKeyUnexpected(this.#guard.alarm !== null);
    if (change === null || change.kind === "first") return;
    const { kind, from, to } = change;
    this.#succession.changed(change);
    metrics.countKeyChange(kind === "renewal" ? "generated" : kind === "promotion" ? "promoted" : "found");
    const secret = watch.aboutSecret(primary.secretName);
    const message = `The key that seals is now ${to}; it was ${from ?? "none"}`;
    if (kind === "promotion") {
      log.info({ from, to }, "The sealing key changed by promotion");
      // At a first start nothing has changed.
      if (from !== null)
        this.#parts.events.record(secret, { type: "Normal", reason: "SealingKeyPromoted", message });
    }
    if (kind !== "unexpected") return;
    log.warn({ from, to }, "The sealing key changed without renewal");
    this.#warn(about ?? secret, "SealingKeyChanged", message);
  }

  #tellRefused(about: KubeObject, problem: string): void {
    this.#warn(about, "SealingKeyRefused", `This sealing key is not used: ${problem}`);
  }

  #tellIgnored(about: KubeObject, problem: string): void {
    this.#warn(about, "PromotionIgnored", `This promotion does not count: ${problem}`);
  }

  #tellWaiting(about: KubeObject, problem: KeyServiceError | null): void {
    if (problem === null) return;
    this.#warn(about, "SealingKeyNotUnwrapped", `This sealing key is not unwrapped yet: ${problem.message}`);
  }

  #tellHeldBack(): void {
    const { clock, log, ring, watch } = this.#parts;
    const { heldBack } = ring;
    for (const name of [...this.#toldHeldBack.keys()])
      if (!heldBack.has(name)) this.#toldHeldBack.delete(name);
    for (const [secretname, { key, wants }] of heldBack) {
      const { fingerprint } = key.certificate;
      const { reason, message } = heldBackFor(wants, key);
      // Whoever makes a key with this mark is about to promote it.
      const isFresh =
        reason === "SealingKeyAwaitsPromotion" && clock.now() - key.createdAt.getTime() < LOOK_AGAIN_MS;
      const told = isFresh ? "to be promoted" : reason;
      if (this.#toldHeldBack.get(secretname) === told) continue;
      this.#toldHeldBack.set(secretname, told);
      if (isFresh) {
        log.info({ secretname, fingerprint }, "This sealing key opens, and seals once it is promoted");
        continue;
      }
      log.warn({ secretname, fingerprint }, message);
      this.#warn(watch.aboutSecret(secretname), reason, message);
    }
  }

  /** Says of the keys whose renewal is due, or past, that they lie nowhere else. */
  #tellWithoutBackup(): void {
    const { clock, log, metrics, renewPeriodMs, ring, watch } = this.#parts;
    const without = keysWithoutBackup(ring, renewPeriodMs, new Date(clock.now()));
    metrics.setKeysWithoutBackup(without.length);
    const seals = without.find((key) => key === ring.foremost);
    // Its renewal waits for something else, which is told.
    if (ring.isHeldUp) return;
    if (seals === undefined || this.#toldWithoutBackup.has(seals.secretName)) return;
    this.#toldWithoutBackup.add(seals.secretName);
    const message =
      "This sealing key is due for renewal, and no backup of it is confirmed: signet keys backup";
    log.warn({ secretname: seals.secretName }, message);
    this.#warn(watch.aboutSecret(seals.secretName), "SealingKeyNotBackedUp", message);
  }

  #warn(about: KubeObject, reason: string, message: string): void {
    this.#parts.events.record(about, { type: "Warning", reason, message });
  }

  #dueInMs(): number | null {
    const { clock, cutoff, maker, renewPeriodMs, ring } = this.#parts;
    const now = new Date(clock.now());
    if (maker.hasUnfinished) return 0;
    if (ring.isHeldUp) return null;
    return cutoff.isDue() ? 0 : renewalDueInMs(renewPeriodMs, ring.newestTime, now);
  }

  async #renew(): Promise<void> {
    const { cutoff, log, maker, ring, term } = this.#parts;
    let patienceMs = 0;
    while (!term.signal.aborted) {
      this.#tellWithoutBackup();
      const due = this.#dueInMs();
      let wait = Math.min(due ?? LONGEST_SLEEP_MS, LONGEST_SLEEP_MS);
      if (due === 0 && patienceMs > 0) {
        wait = patienceMs;
        patienceMs = 0;
      } else if (due === 0) {
        try {
          await maker.make(() => this.#dueInMs() === 0);
          cutoff.settle();
          // However short the period is, or however clocks differ.
          wait = SHORTEST_SLEEP_MS;
        } catch (error) {
          if (this.#isFault(error)) {
            const hint = error instanceof KeyServiceError ? { hint: error.hint } : {};
            log.error({ error: wordsOf(error), ...hint }, "Failed to generate new key");
          }
          wait = RETRY_MS;
        }
      } else if (!ring.isHeldUp) cutoff.settle();
      const woken = await this.#renewal.sleep(wait, term.signal);
      if (woken && ring.primary === null) patienceMs = RETRY_MS;
    }
  }

  /** Publishes the certificate and writes down which key seals; looks once a minute whether it still stands there. */
  async #keepRecord(): Promise<void> {
    const { log, term } = this.#parts;
    while (!term.signal.aborted) {
      let wait = LOOK_AGAIN_MS;
      this.#tellHeldBack();
      try {
        await this.#writeRecord();
      } catch (error) {
        if (this.#isFault(error))
          log.warn({ error: wordsOf(error) }, "Cannot publish the certificate, will retry");
        wait = RETRY_MS;
      }
      await this.#record.sleep(wait, term.signal);
    }
  }

  /** False for what happens at the end of each term. */
  #isFault(error: unknown): boolean {
    return !this.#parts.term.signal.aborted && !(error instanceof NotLeadingError);
  }

  async #writeRecord(): Promise<void> {
    const { client, clusterId, metrics, namespace, ring, settings, term } = this.#parts;
    const compromised = await this.#succession.compromised();
    const { primary } = ring;
    const succession = this.#succession.publication(primary?.certificate ?? null, compromised);
    const published = {
      certificatePem: primary?.certificate.pem ?? null,
      clusterId: clusterId(),
      chain: succession.chain,
      alarm: (standing: string | null) => (primary === null ? standing : this.#guard.adopt(standing)),
      settings: { ...settings, ...succession.settings, [AWAITING_BACKUP_ANNOTATION]: awaitingBackup(ring) },
    };
    await publishCertificate(published, namespace, client, term.signal);
    if (primary === null) return;
    metrics.setKeyUnexpected(this.#guard.alarm !== null);
    // After alarm and chain: a leader that dies in between leaves the change to be noticed, and signed, once more.
    // Another key may seal by the time that this is written, and is recorded next.
    const isOver = (one: string) =>
      one !== ring.primary?.certificate.fingerprint && (ring.isOutdone(one) || this.#guard.hasSealed(one));
    await recordKnownKey(term, primary.certificate.fingerprint, isOver);
    this.#succession.recorded(primary.certificate.fingerprint);
  }
}

/** What is said of a key that opens and does not seal. */
function heldBackFor(
  wants: "backup" | "promotion",
  { marks, certificate: { fingerprint } }: ListedKey,
): { reason: string; message: string } {
  if (wants === "backup")
    return {
      reason: "SealingKeyAwaitsBackup",
      message: "This sealing key opens, and does not seal before its backup is confirmed: signet keys backup",
    };
  if (marks.isRestored)
    return {
      reason: "SealingKeyRestored",
      message: `This sealing key came from a backup: it opens, and does not seal before it is promoted: signet keys promote ${fingerprint}`,
    };
  return {
    reason: "SealingKeyAwaitsPromotion",
    message: `This sealing key was left waiting for its promotion: it opens, and does not seal. Find out who made it; retire it if nobody did, else: signet keys promote ${fingerprint}`,
  };
}

/** Fingerprints of the keys that seal once their backup is confirmed; null for none. */
function awaitingBackup({ heldBack }: KeyRing): string | null {
  const waiting = [...heldBack.values()].filter(({ wants }) => wants === "backup");
  return waiting.map(({ key }) => key.certificate.fingerprint).join(",") || null;
}

/** Waits for a promise or the end of the signal, whichever comes first. */
function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve();
    const end = () => resolve();
    signal.addEventListener("abort", end, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", end));
  });
}

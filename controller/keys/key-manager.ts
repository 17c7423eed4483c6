import type { KubeClient } from "../../shared/kube/client.ts";
import { sealingKeyOf } from "../../shared/seal/certificate.node.ts";
import { classicSealer } from "../../shared/seal/rsa-hybrid.ts";
import type { Sealer } from "../../shared/seal/sealer.ts";
import type { EventRecorder } from "../events.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Clock } from "../runtime/clock.ts";
import { NotLeadingError, type Term } from "../runtime/term.ts";
import type { KeyRequest } from "./issue-certificate.ts";
import { KeyMaker } from "./key-maker.ts";
import { type KeyOrder, KeyRing } from "./key-ring.ts";
import type { KeySecretStyle } from "./key-secret.ts";
import { KeyTerm } from "./key-term.ts";
import { type KeyChange, KeyWatch } from "./key-watch.ts";

/** How keys are found, made and renewed. */
export type KeyManagerOptions = {
  order: KeyOrder;
  request: KeyRequest;
  style: KeySecretStyle;
  /** Age of the newest key at which a new one is made; 0 for never. */
  renewPeriodMs: number;
  /** A key that seals and is older, in ms since 1970, is succeeded when this process leads first; 0 for none. */
  cutoffTimeMs: number;
  clusterId: () => string | null;
};

/** What the key manager takes from the rest of the controller. */
export type KeyManagerParts = {
  /** Only reads with it. */
  client: KubeClient;
  clock: Clock;
  metrics: Metrics;
  log: Log;
  /** Called when a key was added that may open what did not open before. */
  onKeyAdded: () => void;
};

/**
 * The sealing keys of one replica. Every replica follows the key Secrets; the leader alone makes the first key, renews
 * it, publishes the certificate and tells of changes.
 */
export class KeyManager {
  readonly ring: KeyRing;
  readonly #options: KeyManagerOptions;
  readonly #parts: KeyManagerParts;
  readonly #watch: KeyWatch;
  /** Problems told of already, by name of the Secret. */
  readonly #told = new Map<string, string>();
  #term: KeyTerm | null = null;
  #cutoffPending: boolean;
  #sealer: Promise<Sealer> | null = null;
  readonly #readiness = Promise.withResolvers<void>();

  constructor(options: KeyManagerOptions, parts: KeyManagerParts) {
    const { client, clock, log } = parts;
    this.#options = options;
    this.#parts = parts;
    this.#cutoffPending = options.cutoffTimeMs > 0;
    this.ring = new KeyRing(options.order, () => new Date(clock.now()));
    this.#watch = new KeyWatch({
      client,
      clock,
      log,
      namespace: options.style.namespace,
      legacyName: options.style.prefix,
      ring: this.ring,
      onChange: (change) => this.#changed(change),
      onListed: () => this.#settleReadiness(),
    });
  }

  /** True while there is a key to seal with, and all key Secrets were listed. */
  get ready(): boolean {
    return this.#watch.hasListed && this.ring.primary !== null;
  }

  /** Resolves when `ready` becomes true for the first time. */
  get whenReady(): Promise<void> {
    return this.#readiness.promise;
  }

  /** Keeps the keys in step with their Secrets until the signal aborts. For every replica; writes nothing. */
  async follow(signal: AbortSignal): Promise<void> {
    this.#parts.log.info("Searching for existing private keys");
    await this.#watch.run(signal);
  }

  /**
   * Makes, renews, publishes and tells until the term ends; returns when nothing is under way any more. For the leader,
   * beside `follow`.
   * @param client writes only while the term holds.
   */
  async lead(term: Term, client: KubeClient, events: EventRecorder): Promise<void> {
    const { clock, log, metrics } = this.#parts;
    const { clusterId, renewPeriodMs, request, style } = this.#options;
    const { ring } = this;
    const watch = this.#watch;
    const maker = new KeyMaker({
      term,
      client,
      log,
      now: () => new Date(clock.now()),
      ring,
      request,
      style,
      clusterId,
      take: (secret) => watch.take(secret),
    });
    const current = new KeyTerm({
      term,
      client,
      events,
      clock,
      log,
      metrics,
      ring,
      watch,
      maker,
      namespace: style.namespace,
      renewPeriodMs,
      clusterId,
      cutoff: {
        isDue: () => this.#isCutOff(),
        settle: () => {
          this.#cutoffPending = false;
        },
      },
    });
    this.#term = current;
    try {
      await current.run();
    } finally {
      if (this.#term === current) this.#term = null;
    }
  }

  /**
   * Makes a new sealing key now.
   * @throws NotLeadingError when this replica does not lead; KubeApiError, KubeUnreachableError when the key's Secret
   * could not be written.
   */
  async generate(): Promise<void> {
    if (this.#term === null) throw new NotLeadingError();
    await this.#term.generate();
  }

  /** Seals under the key that seals now; null while there is none. */
  async sealer(): Promise<Sealer | null> {
    const primary = this.ring.primary;
    if (primary === null) return null;
    this.#sealer ??= sealingKeyOf(primary.certificate).then(classicSealer);
    return this.#sealer;
  }

  #changed(change: KeyChange): void {
    const { log, metrics, onKeyAdded } = this.#parts;
    const { added, primary: primaryChange } = change.ring;
    const secretname = change.about.metadata.name ?? "";
    const isNews = this.#isNews(change);
    const { problem, promotionProblem } = change.ring;
    if (isNews && problem !== null) log.error({ secretname, problem }, "Sealing-key Secret refused");
    if (isNews && promotionProblem !== null)
      log.warn({ secretname, problem: promotionProblem }, "Promotion of a sealing key ignored");
    if (added) log.info({ secretname }, "registered private key");
    if (change.gone) log.warn({ secretname }, "Sealing key taken out");
    metrics.setKeys(this.ring.openingKeys().length, this.ring.refused.size);
    if (primaryChange !== null) this.#sealer = null;
    const { primary } = this.ring;
    if (primary !== null) {
      const { notBefore, notAfter } = primary.certificate;
      metrics.setKeyTimes({ created: notBefore, expires: notAfter });
    }
    this.#term?.changed(change, isNews);
    this.#settleReadiness();
    if (added) onKeyAdded();
  }

  /** Whether the change says of its Secret what was not said before. */
  #isNews({ ring, about }: KeyChange): boolean {
    const name = about.metadata.name ?? "";
    const problem = ring.problem ?? ring.promotionProblem;
    const isNews = problem !== null && this.#told.get(name) !== problem;
    if (problem === null) this.#told.delete(name);
    else this.#told.set(name, problem);
    return isNews;
  }

  #settleReadiness(): void {
    if (this.ready) this.#readiness.resolve();
  }

  #isCutOff(): boolean {
    const { primary } = this.ring;
    if (!this.#cutoffPending || primary === null) return false;
    return this.ring.timeOf(primary).getTime() < this.#options.cutoffTimeMs;
  }
}

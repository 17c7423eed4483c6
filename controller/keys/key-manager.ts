import {
  CUTOFF_ANNOTATION,
  KEY_ORDER_ANNOTATION,
  type KeyOrder,
  RENEW_PERIOD_ANNOTATION,
  REQUIRE_BACKUP_ANNOTATION,
  UNWRAP_ANNOTATION,
  VERSION_ANNOTATION,
  WRAP_ANNOTATION,
} from "../../shared/key-publication.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { sealingKeyOf } from "../../shared/seal/certificate.node.ts";
import type { KeyRequest } from "../../shared/seal/issue-certificate.node.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { classicSealer } from "../../shared/seal/rsa-hybrid.ts";
import type { Sealer } from "../../shared/seal/sealer.ts";
import { version } from "../../shared/version.ts";
import type { EventRecorder } from "../events.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Clock } from "../runtime/clock.ts";
import { NotLeadingError, type Term } from "../runtime/term.ts";
import { KeyMaker } from "./key-maker.ts";
import { KeyRing } from "./key-ring.ts";
import type { KeySecretStyle } from "./key-secret.ts";
import { KeyTerm } from "./key-term.ts";
import { type KeyChange, KeyWatch } from "./key-watch.ts";
import type { KeyWrapping } from "./key-wrapping.ts";
import { WrappedKeys } from "./wrapped-keys.ts";

/** How keys are found, made and renewed. */
export type KeyManagerOptions = {
  order: KeyOrder;
  request: KeyRequest;
  style: KeySecretStyle;
  /** Age of the newest key at which a new one is made; 0 for never. */
  renewPeriodMs: number;
  /** A key that seals and is older, in ms since 1970, is succeeded when this process leads first; 0 for none. */
  cutoffTimeMs: number;
  /** A new key seals once its backup is confirmed; where no other seals, at once. */
  requireBackup: boolean;
  clusterId: () => string | null;
};

/** What the key manager takes from the rest of the controller. */
export type KeyManagerParts = {
  /** Only reads with it. */
  client: KubeClient;
  clock: Clock;
  metrics: Metrics;
  log: Log;
  wrapping: KeyWrapping;
  /** Called when a key was added that may open what did not open before. */
  onKeyAdded: () => void;
};

/** Objects that wait for a key are looked at when it comes; this is for what nobody thought of. */
const LOOK_AGAIN_MS = 60_000;

/**
 * The sealing keys of one replica. Every replica follows the key Secrets; the leader alone makes the first key, renews
 * it, publishes the certificate and tells of changes.
 */
export class KeyManager {
  readonly ring: KeyRing;
  readonly #options: KeyManagerOptions;
  readonly #parts: KeyManagerParts;
  readonly #watch: KeyWatch;
  readonly #wrappedKeys: WrappedKeys;
  #wasReady = false;
  /** Problems told of already, by name of the Secret. */
  readonly #told = new Map<string, string>();
  #term: KeyTerm | null = null;
  #cutoffPending: boolean;
  #sealer: Promise<Sealer> | null = null;
  readonly #readiness = Promise.withResolvers<void>();

  constructor(options: KeyManagerOptions, parts: KeyManagerParts) {
    const { client, clock, log, metrics, wrapping } = parts;
    this.#options = options;
    this.#parts = parts;
    this.#cutoffPending = options.cutoffTimeMs > 0;
    this.#wrappedKeys = new WrappedKeys({
      wrapping,
      clock,
      onNews: (name) => void this.#watch.takeNews(name),
      onAttempt: metrics.countUnwrapping,
    });
    this.ring = new KeyRing(options.order, () => new Date(clock.now()), {
      keys: this.#wrappedKeys,
      onlyWrappedSeal: wrapping.wraps,
      requireBackup: options.requireBackup,
    });
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

  /** Null while `ready`, else why not in a few words. */
  get notReady(): string | null {
    const { ring } = this;
    if (!this.#watch.hasListed) return "sealing keys not listed yet";
    // Whoever was ready once has a key that seals, and does without the one that came last.
    if (!this.#wasReady && [...ring.waiting.values()].some(({ problem }) => problem?.retryable !== false))
      return "sealing keys not unwrapped yet";
    if (ring.primary !== null) return null;
    if (ring.waiting.size > 0) return "the sealing key is not unwrapped yet";
    // Keys that only open wait for the leader to make one that seals; and one that does not wrap goes on leading until
    // we are ready.
    return ring.openingKeys().length > 0 ? null : "no sealing key";
  }

  /** True while there is a key to seal with, and all key Secrets were listed. */
  get ready(): boolean {
    return this.notReady === null;
  }

  /** Resolves when values can be opened for the first time: all keys were listed, and asked for where wrapped. */
  get whenReady(): Promise<void> {
    return this.#readiness.promise;
  }

  /** Why keys are missing that are not unwrapped yet; null when none is. */
  get missing(): KeyServiceError | null {
    const waiting = [...this.ring.waiting].sort(([a], [b]) => (a < b ? -1 : 1));
    const isPassing = ([, { problem }]: (typeof waiting)[number]) => problem?.retryable !== false;
    const [name, shown] = waiting.find(isPassing) ?? waiting[0] ?? [];
    if (name === undefined) return null;
    const others = waiting.length === 1 ? "" : ` (nor are ${waiting.length - 1} more)`;
    const why = shown?.problem?.message ?? "its key service did not answer yet";
    const hint = "what it opens is opened by itself once it is";
    const message = `no key at hand opens it, and sealing key ${name} is not unwrapped yet${others}: ${why}`;
    const fault = shown?.problem?.fault ?? "unavailable";
    return new KeyServiceError(fault, message, hint, { retryAfterMs: LOOK_AGAIN_MS });
  }

  /** Keeps the keys in step with their Secrets until the signal aborts. For every replica; writes nothing. */
  async follow(signal: AbortSignal): Promise<void> {
    this.#parts.log.info("Searching for existing private keys");
    try {
      await this.#watch.run(signal);
    } finally {
      this.#wrappedKeys.stop();
    }
  }

  /**
   * Makes, renews, publishes and tells until the term ends; returns when nothing is under way any more. For the leader,
   * beside `follow`.
   * @param client writes only while the term holds.
   */
  async lead(term: Term, client: KubeClient, events: EventRecorder): Promise<void> {
    const { clock, log, metrics, wrapping } = this.#parts;
    const { clusterId, renewPeriodMs, request, requireBackup, style } = this.#options;
    const { ring } = this;
    const watch = this.#watch;
    const maker = new KeyMaker({
      term,
      client,
      log,
      now: () => new Date(clock.now()),
      ring,
      wrapping,
      wrappedKeys: this.#wrappedKeys,
      request,
      requireBackup,
      style,
      clusterId,
      take: (secret, ...replaced) => watch.take(secret, ...replaced),
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
      settings: settingsOf(wrapping, this.#options),
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
   * could not be written; KeyServiceError when it could not be wrapped.
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
    const { problem, promotionProblem, waiting = null } = change.ring;
    if (isNews && problem !== null) log.error({ secretname, problem }, "Sealing-key Secret refused");
    if (isNews && promotionProblem !== null)
      log.warn({ secretname, problem: promotionProblem }, "Promotion of a sealing key ignored");
    if (isNews && waiting !== null) {
      const { message, hint, retryable } = waiting;
      const level = retryable ? "warn" : "error";
      log[level]({ secretname, error: message, hint }, "Cannot unwrap a sealing key, will retry");
    }
    if (added) log.info({ secretname }, "registered private key");
    if (change.gone) log.warn({ secretname }, "Sealing key taken out");
    const { ring } = this;
    metrics.setKeys({
      loaded: ring.openingKeys().length,
      refused: ring.refused.size,
      waiting: ring.waiting.size,
    });
    const wants = [...ring.heldBack.values()].map((held) => held.wants);
    const wanting = (one: string) => wants.filter((want) => want === one).length;
    metrics.setKeysHeldBack({ backup: wanting("backup"), promotion: wanting("promotion") });
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
    const problem = ring.problem ?? ring.waiting?.message ?? ring.promotionProblem;
    // The first answer is out.
    if (ring.waiting === null) return false;
    const isNews = problem !== null && this.#told.get(name) !== problem;
    if (problem === null) this.#told.delete(name);
    else this.#told.set(name, problem);
    return isNews;
  }

  #settleReadiness(): void {
    this.#wasReady ||= this.notReady === null;
    const { ring } = this;
    if (!this.#watch.hasListed || ring.openingKeys().length + ring.waiting.size === 0) return;
    if ([...ring.waiting.values()].every(({ problem }) => problem !== null)) this.#readiness.resolve();
  }

  #isCutOff(): boolean {
    const { primary } = this.ring;
    if (!this.#cutoffPending || primary === null) return false;
    return this.ring.timeOf(primary).getTime() < this.#options.cutoffTimeMs;
  }
}

/** For who manages keys: names of those that this controller can wrap with, and by what it renews. */
function settingsOf(
  { named }: KeyWrapping,
  { cutoffTimeMs, order, renewPeriodMs, requireBackup }: KeyManagerOptions,
): Record<string, string | null> {
  return {
    [WRAP_ANNOTATION]: named.wrap,
    [UNWRAP_ANNOTATION]: named.unwrap.join(",") || null,
    [KEY_ORDER_ANNOTATION]: order,
    [REQUIRE_BACKUP_ANNOTATION]: requireBackup ? "true" : null,
    [VERSION_ANNOTATION]: version,
    [RENEW_PERIOD_ANNOTATION]: `${Math.floor(renewPeriodMs / 1000)}s`,
    [CUTOFF_ANNOTATION]: cutoffTimeMs > 0 ? new Date(cutoffTimeMs).toISOString() : null,
  };
}

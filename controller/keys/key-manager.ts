import { wordsOf } from "../../shared/errors.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { sealingKeyOf } from "../../shared/seal/certificate.node.ts";
import { classicSealer } from "../../shared/seal/rsa-hybrid.ts";
import type { Sealer } from "../../shared/seal/sealer.ts";
import type { EventRecorder } from "../events.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { KEY_LABEL, type SecretObject } from "../reconcile/secret-object.ts";
import type { Clock } from "../runtime/clock.ts";
import { Informer } from "../runtime/informer.ts";
import { publishCertificate } from "./certificate-config-map.ts";
import type { KeyRequest } from "./issue-certificate.ts";
import { KeyMaker } from "./key-maker.ts";
import { renewalDueInMs } from "./key-renewal.ts";
import { type KeyOrder, KeyRing, type RingChange } from "./key-ring.ts";
import { ACTIVE, type KeySecretStyle } from "./key-secret.ts";

/** How keys are found, made and renewed. */
export type KeyManagerOptions = {
  order: KeyOrder;
  request: KeyRequest;
  style: KeySecretStyle;
  /** Age of the newest key at which a new one is made; 0 for never. */
  renewPeriodMs: number;
  clusterId: () => string | null;
};

/** What the key manager takes from the rest of the controller. */
export type KeyManagerParts = {
  client: KubeClient;
  clock: Clock;
  events: EventRecorder;
  metrics: Metrics;
  log: Log;
  /** Called when a key was added that may open what did not open before. */
  onKeyAdded: () => void;
};

const RETRY_MS = 10_000;
const SHORTEST_SLEEP_MS = 1000;
const LOOK_AGAIN_MS = 60_000;
/** A timer holds 24 days at most; looking once an hour also follows a clock that was set. */
const LONGEST_SLEEP_MS = 3_600_000;

/** Keeps the ring of sealing keys in step with their Secrets, makes the first key and renews it. */
export class KeyManager {
  readonly ring: KeyRing;
  readonly #options: KeyManagerOptions;
  readonly #parts: KeyManagerParts;
  readonly #informer: Informer<SecretObject>;
  /** Changes are taken in one after the other, in the order in which they came. */
  #changes: Promise<void> = Promise.resolve();
  readonly #maker: KeyMaker;
  #publishing: Promise<void> = Promise.resolve();
  #publishedPem: string | null = null;
  /** Ends the sleep until the next look at renewal. */
  #wake: () => void = () => undefined;
  #sealer: Promise<Sealer> | null = null;
  #signal: AbortSignal = new AbortController().signal;
  readonly #readiness = Promise.withResolvers<void>();
  #ready = false;

  constructor(options: KeyManagerOptions, parts: KeyManagerParts) {
    this.#options = options;
    this.#parts = parts;
    this.ring = new KeyRing(options.order, () => new Date(parts.clock.now()));
    const { client, clock, log } = parts;
    const { request, style } = options;
    this.#maker = new KeyMaker({
      client,
      log,
      now: () => new Date(clock.now()),
      newestBegin: () => this.ring.primary?.certificate.notBefore ?? null,
      request,
      style,
    });
    this.#informer = new Informer<SecretObject>({
      client: parts.client,
      clock: parts.clock,
      path: corePath("secrets", options.style.namespace),
      labelSelector: `${KEY_LABEL}=${ACTIVE}`,
      parse: (object) => object as SecretObject,
      onError: (error) =>
        parts.log.warn({ error: wordsOf(error) }, "Cannot watch the sealing keys, will retry"),
    });
    this.#informer.subscribe({
      onAdd: (_key, secret) => this.#enqueue(() => this.#take(secret)),
      onUpdate: (_key, _before, secret) => this.#enqueue(() => this.#take(secret)),
      onDelete: (key, last) => this.#enqueue(async () => this.#drop(key, last)),
    });
  }

  /** True once there is a key to seal and open with. */
  get ready(): boolean {
    return this.#ready && this.ring.primary !== null;
  }

  /** Resolves when `ready` becomes true for the first time. */
  get whenReady(): Promise<void> {
    return this.#readiness.promise;
  }

  /** Finds the keys, makes one if there is none, then keeps them in step until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#parts.log.info("Searching for existing private keys");
    const watching = this.#informer.run(signal);
    await Promise.race([this.#informer.synced, watching]);
    await this.#changes;
    await Promise.all([watching, this.#renew(signal), this.#lookAgain(signal)]);
    await this.#publishing;
  }

  /**
   * Makes a new sealing key now.
   * @throws KubeApiError, KubeUnreachableError when its Secret could not be written.
   */
  async generate(): Promise<void> {
    const written = await this.#maker.make(this.#signal);
    // Without waiting for the watch, which brings the same Secret once more.
    await this.#enqueue(() => this.#take(written));
  }

  /** Seals under the newest key; null while there is none. */
  async sealer(): Promise<Sealer | null> {
    const primary = this.ring.primary;
    if (primary === null) return null;
    this.#sealer ??= sealingKeyOf(primary.certificate).then(classicSealer);
    return this.#sealer;
  }

  #enqueue(change: () => Promise<void>): Promise<void> {
    this.#changes = this.#changes.then(change).catch((error: unknown) => {
      this.#parts.log.error({ error: wordsOf(error) }, "A change of the sealing keys could not be taken in");
    });
    return this.#changes;
  }

  async #take(secret: SecretObject): Promise<void> {
    const { log } = this.#parts;
    const secretname = secret.metadata.name;
    const earlier = this.ring.refused.get(secretname ?? "");
    this.#maker.saw(secret);
    const change = await this.ring.put(secret);
    if (change.problem !== null && change.problem !== earlier) {
      log.error({ secretname, problem: change.problem }, "Sealing-key Secret refused");
      this.#warn(secret, "SealingKeyRefused", `This sealing key is not used: ${change.problem}`);
    }
    if (change.added) log.info({ secretname }, "registered private key");
    this.#after(change, secret);
    this.#replaceLast();
  }

  async #drop(key: string, last: SecretObject | null): Promise<void> {
    const name = key.slice(key.indexOf("/") + 1);
    const change = this.ring.remove(name);
    this.#parts.log.warn({ secretname: name }, "Sealing key taken out");
    this.#after(change, last);
    this.#replaceLast();
  }

  /** No key to seal with: one is made, but not at once, since whoever replaces a key may delete it first. */
  #replaceLast(): void {
    if (this.ring.primary === null) this.#wake();
  }

  #after(change: RingChange, secret: SecretObject | null): void {
    const { metrics, log, onKeyAdded } = this.#parts;
    metrics.setKeys(this.ring.openingKeys().length, this.ring.refused.size);
    if (change.primary !== null) {
      this.#sealer = null;
      const { from, to } = change.primary;
      // Falling back to an older key made here is no renewal.
      const made = change.added && this.#maker.madeHere(to);
      if (this.#ready || made) metrics.countKeyChange(made ? "generated" : "found");
      if (this.#ready && !made) {
        log.warn({ from, to }, "The sealing key changed without renewal");
        if (secret !== null) {
          this.#warn(
            secret,
            "SealingKeyChanged",
            `The key that seals is now ${to}; it was ${from ?? "none"}`,
          );
        }
      }
    }
    this.#publishPrimary();
    if (change.added) onKeyAdded();
  }

  #warn(secret: SecretObject, reason: string, message: string): void {
    const about: KubeObject = { apiVersion: "v1", kind: "Secret", metadata: secret.metadata };
    this.#parts.events.record(about, { type: "Warning", reason, message });
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    let patienceMs = 0;
    while (!signal.aborted) {
      const due = renewalDueInMs(this.#options.renewPeriodMs, this.ring.newestTime, new Date(clock.now()));
      let wait = Math.min(due ?? LONGEST_SLEEP_MS, LONGEST_SLEEP_MS);
      if (due === 0 && patienceMs > 0) {
        wait = patienceMs;
        patienceMs = 0;
      } else if (due === 0) {
        try {
          await this.generate();
          // However short the period is, or however clocks differ.
          wait = SHORTEST_SLEEP_MS;
        } catch (error) {
          if (!signal.aborted) log.error({ error: wordsOf(error) }, "Failed to generate new key");
          wait = RETRY_MS;
        }
      }
      if (this.ring.primary !== null) {
        this.#ready = true;
        this.#readiness.resolve();
      }
      if (await this.#sleepUnlessWoken(wait, signal)) patienceMs = RETRY_MS;
    }
  }

  /**
   * Looks after what nobody tells of: a certificate whose time has come becomes valid by itself, and the ConfigMap may
   * have been taken away.
   */
  async #lookAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#parts.clock.sleep(LOOK_AGAIN_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      for (const [key] of this.#informer.entries()) {
        await this.#enqueue(async () => {
          // As it stands now: it may have changed or gone while it waited.
          const secret = this.#informer.get(key);
          if (secret !== undefined && this.ring.refused.has(secret.metadata.name ?? ""))
            await this.#take(secret);
        });
      }
      this.#publishedPem = null;
      this.#publishPrimary();
    }
  }

  /** @returns true when woken before the time was up. */
  async #sleepUnlessWoken(ms: number, signal: AbortSignal): Promise<boolean> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    await this.#parts.clock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch(() => undefined);
    this.#wake = () => undefined;
    return woken.signal.aborted;
  }

  #publishPrimary(): void {
    const pem = this.ring.primary?.certificate.pem ?? null;
    if (pem === null || pem === this.#publishedPem) return;
    this.#publishedPem = pem;
    this.#publishing = this.#publishing.then(() => this.#publish());
  }

  /** Publishes the certificate that seals now; tries until it stands. */
  async #publish(): Promise<void> {
    const { client, clock, log } = this.#parts;
    const signal = this.#signal;
    while (!signal.aborted) {
      const primary = this.ring.primary;
      if (primary === null) return;
      const published = { certificatePem: primary.certificate.pem, clusterId: this.#options.clusterId() };
      try {
        await publishCertificate(published, this.#options.style.namespace, client, signal);
        return;
      } catch (error) {
        if (!signal.aborted)
          log.warn({ error: wordsOf(error) }, "Cannot publish the certificate, will retry");
      }
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
}

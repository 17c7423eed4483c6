import type { AgeIdentities } from "../../shared/document/sops/keys/age-identities.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import type { EventRecorder } from "../events.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Term } from "../runtime/term.ts";
import { IdentityRing } from "./identity-ring.ts";
import type { IdentitySecret } from "./identity-secret.ts";
import { IdentityWatch } from "./identity-watch.ts";
import { judgeIdentities } from "./judge-identities.ts";

/** What keeping age identities takes from the rest of the controller. */
export type AgeIdentityParts = {
  /** Only reads with it. */
  client: KubeClient;
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, "setAgeIdentities">;
  /** The controller's own. */
  namespace: string;
  /** Called when an identity serves a namespace that it did not serve before: it may open what failed. */
  onAdded: () => void;
};

/**
 * The age identities of one replica. Every replica follows their Secrets; the leader alone tells of those that it
 * refuses by events. None of it makes the replica ready or not: whoever uses no SOPS has none.
 */
export class AgeIdentityKeeper {
  readonly #parts: AgeIdentityParts;
  readonly #ring = new IdentityRing();
  readonly #watch: IdentityWatch;
  /** Metadata of the Secrets that are refused, by name. */
  readonly #refused = new Map<string, KubeObject>();
  #events: EventRecorder | null = null;

  constructor(parts: AgeIdentityParts) {
    const { client, clock, log, namespace } = parts;
    this.#parts = parts;
    this.#watch = new IdentityWatch({
      ...{ client, clock, log, namespace },
      onSecret: (secret) => this.#put(secret),
      onGone: (about) => this.#remove(about),
    });
  }

  /** True once all of them were listed and taken in. */
  get hasListed(): boolean {
    return this.#watch.hasListed;
  }

  /** Resolves when they were. */
  get whenListed(): Promise<void> {
    return this.#watch.whenListed;
  }

  /** Identities that open what SealedSecrets of a namespace hold. */
  identitiesFor(namespace: string): AgeIdentities {
    return this.#ring.identitiesFor(namespace);
  }

  /** Keeps the identities in step with their Secrets until the signal aborts. For every replica; writes nothing. */
  follow(signal: AbortSignal): Promise<void> {
    return this.#watch.run(signal);
  }

  /** Tells of Secrets that are refused until the term ends. For the leader, beside `follow`. */
  lead(term: Term, events: EventRecorder): void {
    if (term.signal.aborted) return;
    this.#events = events;
    const end = () => {
      if (this.#events === events) this.#events = null;
    };
    term.signal.addEventListener("abort", end, { once: true });
    for (const [name, problem] of this.#ring.refused) this.#tell(name, problem);
  }

  async #put(secret: IdentitySecret): Promise<void> {
    const { log, onAdded } = this.#parts;
    const { name: secretname } = secret;
    const verdict = await judgeIdentities(secret).finally(() => secret.wipe());
    const told = this.#ring.refused.get(secretname);
    const { added } = await this.#ring.put(secretname, verdict);
    if (verdict.ok) this.#refused.delete(secretname);
    else this.#refused.set(secretname, secret.about);
    this.#count();
    if (!verdict.ok && verdict.problem !== told) {
      log.error({ secretname, problem: verdict.problem }, "Secret with age identities refused");
      this.#tell(secretname, verdict.problem);
    }
    if (!added) return;
    log.info({ secretname }, "registered age identities");
    onAdded();
  }

  #remove(about: KubeObject): void {
    const { name: secretname = "" } = about.metadata;
    this.#ring.remove(secretname);
    this.#refused.delete(secretname);
    this.#count();
    this.#parts.log.warn({ secretname }, "Age identities taken out");
  }

  #tell(name: string, problem: string): void {
    const about = this.#refused.get(name);
    if (about === undefined) return;
    const message = `No age identity of this Secret is used: ${problem}`;
    this.#events?.record(about, { type: "Warning", reason: "AgeIdentitiesRefused", message });
  }

  #count(): void {
    this.#parts.metrics.setAgeIdentities({ loaded: this.#ring.size, refused: this.#ring.refused.size });
  }
}

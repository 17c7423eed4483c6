import { createHash } from "node:crypto";
import type { OpeningKey } from "../../shared/seal/rsa-hybrid.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";
import { CLOCK_SKEW_MS, judgeKeySecret, type LoadedKey } from "./judge-key.ts";
import { readPromotion } from "./promotion.ts";

/** By what the newest key is told. */
export type KeyOrder = "CertNotBefore" | "SecretCreationTimestamp";

/** What a change of the ring means for others. */
export type RingChange = {
  /** A key was added that may open what did not open before. */
  added: boolean;
  /** The key that seals is another one than before; null while there is none. */
  primary: { from: string | null; to: string } | null;
  /** Why the Secret was refused, if it was. */
  problem: string | null;
  /** Why its promotion does not count, if it has one that does not. */
  promotionProblem: string | null;
};

/**
 * The sealing keys of this controller, kept in step with the labelled Secrets: what is added, changed or taken away
 * takes effect at once.
 */
export class KeyRing {
  readonly #order: KeyOrder;
  readonly #now: () => Date;
  #keys = new Map<string, RingKey>();
  #refused = new Map<string, string>();
  #ignoredPromotions = new Map<string, string>();
  /** Made of the keys when asked for; null after a change. */
  #sorted: Sorted | null = null;

  constructor(order: KeyOrder, now: () => Date) {
    this.#order = order;
    this.#now = now;
  }

  /** Takes in a key Secret, new or changed. One that is refused takes its earlier version out too. */
  async put(secret: SecretObject): Promise<RingChange> {
    const name = secret.metadata.name ?? "";
    const now = this.#now();
    const verdict = await judgeKeySecret(secret, now);
    // Not earlier: others may have come while this one was judged.
    const before = this.primary?.certificate.fingerprint ?? null;
    const promotion = readPromotion(secret, now, CLOCK_SKEW_MS);
    const known = new Set(this.openingKeys().map(({ fingerprint }) => fingerprint));
    this.#forget(name);
    if (verdict.ok) this.#keys.set(name, { ...verdict.key, promotedAt: promotion.at });
    else this.#refused.set(name, verdict.problem);
    const promotionProblem = verdict.ok ? promotion.problem : null;
    if (promotionProblem !== null) this.#ignoredPromotions.set(name, promotionProblem);
    return {
      added: verdict.ok && !known.has(verdict.key.certificate.fingerprint),
      primary: this.#primaryChange(before),
      problem: verdict.ok ? null : verdict.problem,
      promotionProblem,
    };
  }

  /** Takes out the key of a Secret that was deleted or lost its label. */
  remove(name: string): RingChange {
    const before = this.primary?.certificate.fingerprint ?? null;
    this.#forget(name);
    return { added: false, primary: this.#primaryChange(before), problem: null, promotionProblem: null };
  }

  /** The key that seals: the one promoted last, else the newest; null while there is none. */
  get primary(): RingKey | null {
    return this.#inOrder().primary;
  }

  /** The newest key by the order in force, whatever was promoted; null while there is none. */
  get newest(): RingKey | null {
    return this.#inOrder().newestFirst[0] ?? null;
  }

  /** All keys that open, the one that seals first, then newest first; two Secrets with the same key count once. */
  openingKeys(): OpeningKey[] {
    return [...this.#inOrder().opening];
  }

  /** Another string whenever the set of keys that open is another one. */
  get id(): string {
    return this.#inOrder().id;
  }

  /** Why Secrets were refused, by name. */
  get refused(): ReadonlyMap<string, string> {
    return this.#refused;
  }

  /** Why promotions do not count, by name of the Secret. */
  get ignoredPromotions(): ReadonlyMap<string, string> {
    return this.#ignoredPromotions;
  }

  /**
   * Since when the keys are as new as they are: when the newest came to be, by the order in force, or when an older one
   * was promoted over it; null while there is none.
   */
  get newestTime(): Date | null {
    const { newest, primary } = this;
    if (newest === null) return null;
    return new Date(Math.max(this.timeOf(newest).getTime(), primary?.promotedAt?.getTime() ?? 0));
  }

  /** The latest begin of any certificate; null while there is none. */
  get latestBegin(): Date | null {
    const begins = [...this.#keys.values()].map(({ certificate }) => certificate.notBefore.getTime());
    return begins.length === 0 ? null : new Date(Math.max(...begins));
  }

  /** When a key came to be, by the order in force. */
  timeOf({ certificate, createdAt }: LoadedKey): Date {
    return this.#order === "CertNotBefore" ? certificate.notBefore : createdAt;
  }

  /** Whether the key of that fingerprint is in the ring. */
  holds(fingerprint: string): boolean {
    return this.#inOrder().opening.some((key) => key.fingerprint === fingerprint);
  }

  /** Whether a key is newer than another one by the order in force. */
  isNewer(key: LoadedKey, than: LoadedKey): boolean {
    return this.#compare(key, than) < 0;
  }

  /** Negative when the first is newer. Whole seconds tie easily. */
  #compare(a: LoadedKey, b: LoadedKey): number {
    const begin = ({ certificate }: LoadedKey) => certificate.notBefore.getTime();
    return (
      this.timeOf(b).getTime() - this.timeOf(a).getTime() ||
      begin(b) - begin(a) ||
      (a.secretName < b.secretName ? -1 : 1)
    );
  }

  #inOrder(): Sorted {
    if (this.#sorted !== null) return this.#sorted;
    const newestFirst = [...this.#keys.values()].sort((a, b) => this.#compare(a, b));
    const primary = newestFirst.reduce<RingKey | null>(
      (best, key) => (best === null || promotionOf(key) > promotionOf(best) ? key : best),
      null,
    );
    const opening = new Map<string, OpeningKey>();
    for (const key of primary === null ? [] : [primary, ...newestFirst])
      if (!opening.has(key.opening.fingerprint)) opening.set(key.opening.fingerprint, key.opening);
    const id = createHash("sha256").update([...opening.keys()].sort().join("\n"));
    this.#sorted = { newestFirst, primary, opening: [...opening.values()], id: id.digest("hex") };
    return this.#sorted;
  }

  #forget(name: string): void {
    this.#keys.delete(name);
    this.#refused.delete(name);
    this.#ignoredPromotions.delete(name);
    this.#sorted = null;
  }

  #primaryChange(before: string | null): RingChange["primary"] {
    const after = this.primary?.certificate.fingerprint ?? null;
    return after === null || after === before ? null : { from: before, to: after };
  }
}

/** A sealing key in the ring. */
export type RingKey = LoadedKey & {
  /** When it was promoted to be the one that seals; null when it was not. */
  promotedAt: Date | null;
};

type Sorted = { newestFirst: RingKey[]; primary: RingKey | null; opening: OpeningKey[]; id: string };

function promotionOf({ promotedAt }: RingKey): number {
  return promotedAt?.getTime() ?? Number.NEGATIVE_INFINITY;
}

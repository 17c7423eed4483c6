import { createHash } from "node:crypto";
import type { KeyOrder } from "../../shared/key-publication.ts";
import type { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import type { OpeningKey } from "../../shared/seal/rsa-hybrid.ts";
import { KEY_LABEL } from "../../shared/sealing-key-secret.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";
import { CLOCK_SKEW_MS, judgeKeySecret, type KnownKey, type LoadedKey } from "./judge-key.ts";
import { WRAPPED } from "./key-secret.ts";
import { type Promotion, readPromotion } from "./promotion.ts";
import type { WrappedKeys } from "./wrapped-keys.ts";

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
  /** Why its key is not unwrapped yet: null while the first answer is out. Only where it is not. */
  waiting?: KeyServiceError | null;
  /** It was waiting before and is not any more, or is something else since. */
  settled?: true;
};

/** What wrapped keys are to a ring. */
export type RingWrapping = {
  keys: Pick<WrappedKeys, "look" | "forget">;
  /** Keys that are not wrapped open, and do not seal. */
  onlyWrappedSeal: boolean;
  /** New keys seal once their backup is confirmed. */
  requireBackup: boolean;
};

/**
 * The sealing keys of this controller, kept in step with the labelled Secrets: what is added, changed or taken away
 * takes effect at once. A key that is not unwrapped yet opens nothing, and nothing seals in its stead.
 */
export class KeyRing {
  readonly #order: KeyOrder;
  readonly #now: () => Date;
  readonly #wrapping: RingWrapping;
  #keys = new Map<string, RingKey>();
  #waiting = new Map<string, WaitingKey>();
  /** Fingerprint of the key that sealed last. */
  #sealed: string | null = null;
  #refused = new Map<string, string>();
  #ignoredPromotions = new Map<string, string>();
  /** Made of the keys when asked for; null after a change. */
  #sorted: Sorted | null = null;

  constructor(order: KeyOrder, now: () => Date, wrapping: RingWrapping) {
    this.#order = order;
    this.#now = now;
    this.#wrapping = wrapping;
  }

  /** Takes in a key Secret, new or changed. One that is refused takes its earlier version out too. */
  async put(secret: SecretObject): Promise<RingChange> {
    const name = secret.metadata.name ?? "";
    const now = this.#now();
    const verdict = await judgeKeySecret(secret, now, (key) => this.#wrapping.keys.look(key));
    // Not earlier: others may have come while this one was judged.
    const before = this.primary?.certificate.fingerprint ?? null;
    const known = new Set(this.openingKeys().map(({ fingerprint }) => fingerprint));
    const wasWaiting = this.#waiting.has(name);
    const earlier = this.#keys.get(name);
    this.#forget(name);
    let promotionProblem: string | null = null;
    if (verdict.problem !== null) this.#refused.set(name, verdict.problem);
    else {
      const promotion = this.#promotionOf(secret, verdict.key, now);
      const key = { ...verdict.key, promotedAt: promotion.at };
      promotionProblem = promotion.problem;
      if (verdict.ok) this.#keys.set(name, { ...key, opening: verdict.key.opening });
      else {
        this.#waiting.set(name, { ...key, problem: verdict.waiting });
        // The same key as before, wrapped meanwhile or otherwise: what lies in memory goes on.
        const isSame = earlier?.certificate.fingerprint === key.certificate.fingerprint;
        if (earlier !== undefined && isSame) this.#keys.set(name, earlier);
      }
      if (promotionProblem !== null) this.#ignoredPromotions.set(name, promotionProblem);
    }
    if (secret.metadata.labels?.[KEY_LABEL] !== WRAPPED) this.#wrapping.keys.forget(name);
    return {
      added: verdict.ok && !known.has(verdict.key.certificate.fingerprint),
      primary: this.#primaryChange(before),
      problem: verdict.problem,
      promotionProblem,
      ...("waiting" in verdict ? { waiting: verdict.waiting } : wasWaiting ? { settled: true } : {}),
    };
  }

  /** Takes out the key of a Secret that was deleted or lost its label. */
  remove(name: string): RingChange {
    const before = this.primary?.certificate.fingerprint ?? null;
    const wasWaiting = this.#waiting.has(name);
    this.#forget(name);
    this.#wrapping.keys.forget(name);
    return {
      added: false,
      primary: this.#primaryChange(before),
      problem: null,
      promotionProblem: null,
      ...(wasWaiting ? { settled: true } : {}),
    };
  }

  /**
   * The key that seals: the one promoted last, else the newest. Where that one is not unwrapped yet, the key that
   * sealed before it came; null while there is none.
   */
  get primary(): RingKey | null {
    return this.#inOrder().primary;
  }

  /** The key that seals, or will once it is unwrapped; null while there is none. */
  get foremost(): ListedKey | null {
    return this.#inOrder().foremost;
  }

  /** The key that is to seal once its backup is confirmed, where that is asked for; else the foremost one. */
  get heir(): ListedKey | null {
    return this.#inOrder().heir;
  }

  /** The newest key by the order in force, whatever was promoted, unwrapped or not; null while there is none. */
  get newest(): ListedKey | null {
    return this.#inOrder().newestFirst[0] ?? null;
  }

  /** Keys that are not unwrapped yet, by name of the Secret. */
  get waiting(): ReadonlyMap<string, WaitingKey> {
    return this.#waiting;
  }

  /**
   * None is to be made in the stead of what there is: the key that is to seal is not unwrapped yet or waits for its backup,
   * or all that there are wait to be promoted.
   */
  get isHeldUp(): boolean {
    const { foremost, heir, newestFirst } = this.#inOrder();
    if (foremost !== null && !("opening" in foremost)) return true;
    return heir === null ? newestFirst.length > 0 && newestFirst.every(isUnpromoted) : heir !== foremost;
  }

  /** Keys that open and will not seal as they stand, by name of the Secret, each with what it wants. */
  get heldBack(): ReadonlyMap<string, { key: ListedKey; wants: "backup" | "promotion" }> {
    const { newestFirst, foremost } = this.#inOrder();
    return new Map(
      newestFirst.flatMap((key) => {
        const wants = key === foremost ? null : isUnpromoted(key) ? "promotion" : this.#wantsBackup(key);
        return wants === null ? [] : [[key.secretName, { key, wants }] as const];
      }),
    );
  }

  /** All keys by the order in force, newest first, unwrapped or not. */
  get listed(): readonly ListedKey[] {
    return this.#inOrder().newestFirst;
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
   * Since when the keys that may seal are as new as they are: when the newest came to be, by the order in force, or when
   * an older one was promoted over it; null while there is none. Where a key is promoted, others are not to seal, and do
   * not count.
   */
  get newestTime(): Date | null {
    const { newestFirst, foremost } = this.#inOrder();
    const isToSeal = (key: ListedKey) => foremost?.promotedAt == null || key.promotedAt !== null;
    const newest = newestFirst.find((key) => this.#maySeal(key) && !isUnpromoted(key) && isToSeal(key));
    if (newest === undefined) return null;
    return new Date(Math.max(this.timeOf(newest).getTime(), foremost?.promotedAt?.getTime() ?? 0));
  }

  /** The latest begin of any certificate; null while there is none. */
  get latestBegin(): Date | null {
    const begins = this.#inOrder().newestFirst.map(({ certificate }) => certificate.notBefore.getTime());
    return begins.length === 0 ? null : new Date(Math.max(...begins));
  }

  /** When a key came to be, by the order in force. */
  timeOf({ certificate, createdAt }: KnownKey): Date {
    return this.#order === "CertNotBefore" ? certificate.notBefore : createdAt;
  }

  /** Whether the key of that fingerprint is in the ring, unwrapped or not. */
  holds(fingerprint: string): boolean {
    return this.#inOrder().newestFirst.some(({ certificate }) => certificate.fingerprint === fingerprint);
  }

  /** Whether the key of that fingerprint is in the ring and does not wait for its backup, in which time another seals. */
  hasHadItsTurn(fingerprint: string): boolean {
    const isIt = ({ certificate }: KnownKey) => certificate.fingerprint === fingerprint;
    return this.holds(fingerprint) && ![...this.heldBack.values()].some(({ key }) => isIt(key));
  }

  /** Whether the key of that fingerprint is in the ring, unwrapped or not, and older than the one that seals. */
  isOutdone(fingerprint: string): boolean {
    const { primary } = this;
    const key = this.#inOrder().newestFirst.find(
      ({ certificate }) => certificate.fingerprint === fingerprint,
    );
    return primary !== null && key !== undefined && this.isNewer(primary, key);
  }

  /** The key of that fingerprint, where it is at hand; null where it is not. */
  loaded(fingerprint: string): RingKey | null {
    return (
      [...this.#keys.values()].find(({ certificate }) => certificate.fingerprint === fingerprint) ?? null
    );
  }

  /** Whether a key is newer than another one by the order in force. */
  isNewer(key: KnownKey, than: KnownKey): boolean {
    return this.#compare(key, than) < 0;
  }

  /** Negative when the first is newer. Whole seconds tie easily. */
  #compare(a: KnownKey, b: KnownKey): number {
    const begin = ({ certificate }: KnownKey) => certificate.notBefore.getTime();
    return (
      this.timeOf(b).getTime() - this.timeOf(a).getTime() ||
      begin(b) - begin(a) ||
      (a.secretName < b.secretName ? -1 : 1)
    );
  }

  #inOrder(): Sorted {
    if (this.#sorted !== null) return this.#sorted;
    const byAge = (a: KnownKey, b: KnownKey) => this.#compare(a, b);
    const loaded = [...this.#keys.values()].sort(byAge);
    // Of one that goes on from memory, what its Secret says now.
    const listed: ListedKey[] = loaded.filter(({ secretName }) => !this.#waiting.has(secretName));
    const newestFirst = [...listed, ...this.#waiting.values()].sort(byAge);
    const eligible = newestFirst.filter((key) => this.#maySeal(key) && !isUnpromoted(key));
    const heir = lastPromoted(eligible);
    // Where nothing else could seal, what waits for its backup does.
    const foremost = lastPromoted(eligible.filter((key) => this.#wantsBackup(key) === null)) ?? heir;
    const primary = foremost === null || "opening" in foremost ? foremost : this.#sealedBefore(loaded);
    const opening = new Map<string, OpeningKey>();
    for (const key of primary === null ? loaded : [primary, ...loaded])
      if (!opening.has(key.opening.fingerprint)) opening.set(key.opening.fingerprint, key.opening);
    const id = createHash("sha256").update([...opening.keys()].sort().join("\n"));
    this.#sealed = primary?.certificate.fingerprint ?? this.#sealed;
    this.#sorted = {
      newestFirst,
      heir,
      foremost,
      primary,
      opening: [...opening.values()],
      id: id.digest("hex"),
    };
    return this.#sorted;
  }

  #sealedBefore(loaded: readonly RingKey[]): RingKey | null {
    const isIt = (key: RingKey) => key.certificate.fingerprint === this.#sealed && this.#maySeal(key);
    return loaded.find(isIt) ?? null;
  }

  #maySeal({ isWrapped }: KnownKey): boolean {
    return isWrapped || !this.#wrapping.onlyWrappedSeal;
  }

  #wantsBackup({ marks }: KnownKey): "backup" | null {
    return this.#wrapping.requireBackup && marks.awaitsBackup ? "backup" : null;
  }

  #promotionOf(secret: SecretObject, key: KnownKey, now: Date): Promotion {
    const promotion = readPromotion(secret, now, CLOCK_SKEW_MS);
    if (promotion.at === null || this.#maySeal(key)) return promotion;
    const problem =
      "its key is not wrapped, and with --sealing-key-wrap only wrapped keys seal; wrap it with: signet keys wrap";
    return { at: null, problem };
  }

  #forget(name: string): void {
    this.#keys.delete(name);
    this.#waiting.delete(name);
    this.#refused.delete(name);
    this.#ignoredPromotions.delete(name);
    this.#sorted = null;
  }

  #primaryChange(before: string | null): RingChange["primary"] {
    const after = this.primary?.certificate.fingerprint ?? null;
    return after === null || after === before ? null : { from: before, to: after };
  }
}

type Promoted = {
  /** When it was promoted to be the one that seals; null when it was not. */
  promotedAt: Date | null;
};

/** A sealing key in the ring. */
export type RingKey = LoadedKey & Promoted;

/** A sealing key that is not unwrapped yet; `problem` is null while the first answer is out. */
export type WaitingKey = KnownKey & Promoted & { problem: KeyServiceError | null };

/** Either of them. */
export type ListedKey = RingKey | WaitingKey;

type Sorted = {
  newestFirst: ListedKey[];
  /** What is to seal once its backup is confirmed; the foremost one where that is not asked for. */
  heir: ListedKey | null;
  foremost: ListedKey | null;
  primary: RingKey | null;
  opening: OpeningKey[];
  id: string;
};

/** It came from a backup, or was made to wait for it, and nobody has said that it may seal. */
function isUnpromoted({ marks, promotedAt }: ListedKey): boolean {
  return (marks.isRestored || marks.awaitsPromotion) && promotedAt === null;
}

/** The one promoted last, else the first of them. */
function lastPromoted(keys: readonly ListedKey[]): ListedKey | null {
  return keys.reduce<ListedKey | null>(
    (best, key) => (best === null || promotionOf(key) > promotionOf(best) ? key : best),
    null,
  );
}

function promotionOf({ promotedAt }: Promoted): number {
  return promotedAt?.getTime() ?? Number.NEGATIVE_INFINITY;
}

/** So many failed versions within an hour are a typing error being mended; each further one is made to wait. */
const FREE_FAILURES = 3;
const BASE_MS = 5000;
const CAP_MS = 300_000;
/** Names are remembered this long after their last failure, deletion or not. */
const REMEMBERED_MS = 3_600_000;
/** Of those that are held back, and of those that are not yet: neither kind takes the room of the other. */
const MOST_NAMES = 5000;

type Trouble = { failures: number; failedAt: number; first: string; version: string };

/**
 * Holds back objects whose templates fail again and again, edit after edit, deleted in between or not: whether a template fails can
 * depend on a secret value, so that trying templates fast would be a way to guess it. A success in between forgives
 * nothing: whoever guesses can have one at any time. Nor does a flood of other names: it takes
 * none of the room of those that are held back, and a namespace that had names forgotten for want of room is told no places
 * for as long as they would have been remembered.
 */
export class TemplateBackoff {
  readonly #nowMs: () => number;
  /** Names that are not held back yet, and those that are; each in the order of their last failures. */
  readonly #free = new Map<string, Trouble>();
  readonly #held = new Map<string, Trouble>();
  /** When a name of a namespace was last forgotten before its time, in that order. */
  readonly #crowdedAt = new Map<string, number>();

  /** @param nowMs milliseconds of a clock that never runs backwards. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Milliseconds until the templates of this version of an object may run; 0 when they may now. */
  waitMs(key: string, version: string): number {
    const trouble = this.#held.get(key);
    if (trouble === undefined || trouble.version === version) return 0;
    const pause = Math.min(CAP_MS, BASE_MS * 2 ** (trouble.failures - FREE_FAILURES));
    return Math.max(0, trouble.failedAt + pause - this.#nowMs());
  }

  /**
   * Whether no other version of an object failed within the last hour: only then where it fails is told, which can
   * tell more of a value than that it fails.
   * @param key `namespace/name`.
   */
  isFirst(key: string, version: string): boolean {
    this.#forgetOld();
    if (this.#crowdedAt.has(namespaceOf(key))) return false;
    const trouble = this.#of(key);
    return trouble === undefined || trouble.first === version;
  }

  /**
   * Notes that the templates of an object failed.
   * @param version uid and generation of the object: trying the same once more tells nobody anything new.
   */
  failed(key: string, version: string): void {
    this.#forgetOld();
    const before = this.#of(key);
    if (before?.version === version) return;
    const failures = (before?.failures ?? 0) + 1;
    // Set anew, so that the maps keep the order of the last failures.
    for (const troubles of [this.#free, this.#held]) troubles.delete(key);
    const trouble = { failures, failedAt: this.#nowMs(), first: before?.first ?? version, version };
    const troubles = failures < FREE_FAILURES ? this.#free : this.#held;
    troubles.set(key, trouble);
    if (troubles.size > MOST_NAMES) this.#forgetOldest(troubles);
  }

  #of(key: string): Trouble | undefined {
    return this.#free.get(key) ?? this.#held.get(key);
  }

  #forgetOldest(troubles: Map<string, Trouble>): void {
    for (const key of troubles.keys()) {
      troubles.delete(key);
      const namespace = namespaceOf(key);
      this.#crowdedAt.delete(namespace);
      this.#crowdedAt.set(namespace, this.#nowMs());
      return;
    }
  }

  #forgetOld(): void {
    const isOld = (at: number) => this.#nowMs() - at >= REMEMBERED_MS;
    for (const troubles of [this.#free, this.#held])
      for (const [key, { failedAt }] of troubles) {
        if (!isOld(failedAt)) break;
        troubles.delete(key);
      }
    for (const [namespace, at] of this.#crowdedAt) {
      if (!isOld(at)) break;
      this.#crowdedAt.delete(namespace);
    }
  }
}

function namespaceOf(key: string): string {
  return key.slice(0, key.indexOf("/"));
}

/** So many failed versions within an hour are a typing error being mended; each further one is made to wait. */
const FREE_FAILURES = 3;
const BASE_MS = 5000;
const CAP_MS = 300_000;
/** Names are remembered this long after their last failure, deletion or not. */
const REMEMBERED_MS = 3_600_000;
const MOST_NAMES = 10_000;

type Trouble = { failures: number; failedAt: number; first: string; version: string };

/**
 * Holds back objects whose templates fail again and again, edit after edit, deleted in between or not: whether a template fails can
 * depend on a secret value, so that trying templates fast would be a way to guess it. A success in between forgives
 * nothing: whoever guesses can have one at any time.
 */
export class TemplateBackoff {
  readonly #nowMs: () => number;
  readonly #troubles = new Map<string, Trouble>();

  /** @param nowMs milliseconds of a clock that never runs backwards. */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Milliseconds until the templates of this version of an object may run; 0 when they may now. */
  waitMs(key: string, version: string): number {
    const trouble = this.#troubles.get(key);
    if (trouble === undefined || trouble.version === version || trouble.failures < FREE_FAILURES) return 0;
    const pause = Math.min(CAP_MS, BASE_MS * 2 ** (trouble.failures - FREE_FAILURES));
    return Math.max(0, trouble.failedAt + pause - this.#nowMs());
  }

  /**
   * Whether no other version of an object failed within the last hour: only then where it fails is told, which can
   * tell more of a value than that it fails.
   */
  isFirst(key: string, version: string): boolean {
    this.#forgetOld();
    const trouble = this.#troubles.get(key);
    return trouble === undefined || trouble.first === version;
  }

  /**
   * Notes that the templates of an object failed.
   * @param version uid and generation of the object: trying the same once more tells nobody anything new.
   */
  failed(key: string, version: string): void {
    this.#forgetOld();
    const before = this.#troubles.get(key);
    if (before?.version === version) return;
    const failures = (before?.failures ?? 0) + 1;
    // Set anew, so that the map keeps the order of the last failures.
    this.#troubles.delete(key);
    this.#troubles.set(key, { failures, failedAt: this.#nowMs(), first: before?.first ?? version, version });
    this.#forgetOld();
  }

  #forgetOld(): void {
    for (const [key, { failedAt }] of this.#troubles) {
      const isOld = this.#nowMs() - failedAt >= REMEMBERED_MS;
      if (!isOld && this.#troubles.size <= MOST_NAMES) return;
      this.#troubles.delete(key);
    }
  }
}

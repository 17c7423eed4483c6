type Waiting = { groups: readonly string[]; start: () => void };

/**
 * Bounds how many calls are under way at a time: in all, and of each group, so that calls of one that hang leave room for
 * those of others. Who waits goes in the order he came, but for those whose group has all that it may.
 */
export class CallSlots {
  readonly #limits: readonly number[];
  /** By group; what is not under way is not remembered. */
  readonly #underWay = new Map<string, number>();
  readonly #waiting: Waiting[] = [];

  /** @param limits how many in all; of each group; of each group within such a one; and so on. */
  constructor(...limits: readonly [number, ...number[]]) {
    this.#limits = limits;
  }

  /**
   * Runs a call when its turn comes.
   * @param within the names of its group, and of the group within that: one for each limit but the first.
   * @throws the signal's reason when it aborts before that.
   */
  async run<T>(within: readonly string[], call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const groups = this.#limits.map((_, depth) => JSON.stringify(within.slice(0, depth)));
    if (this.#fits(groups)) this.#count(groups, 1);
    else await this.#turn(groups, signal);
    try {
      return await call();
    } finally {
      this.#count(groups, -1);
      this.#startNext();
    }
  }

  #fits(groups: readonly string[]): boolean {
    return groups.every((group, depth) => (this.#underWay.get(group) ?? 0) < (this.#limits[depth] ?? 0));
  }

  #count(groups: readonly string[], change: 1 | -1): void {
    for (const group of groups) {
      const now = (this.#underWay.get(group) ?? 0) + change;
      if (now === 0) this.#underWay.delete(group);
      else this.#underWay.set(group, now);
    }
  }

  /** What one call leaves is room for one. */
  #startNext(): void {
    const at = this.#waiting.findIndex(({ groups }) => this.#fits(groups));
    const [next] = at === -1 ? [] : this.#waiting.splice(at, 1);
    if (next === undefined) return;
    this.#count(next.groups, 1);
    next.start();
  }

  /** Resolves once the call is counted. */
  #turn(groups: readonly string[], signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
      };
      const start = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const waiting = { groups, start };
      this.#waiting.push(waiting);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}

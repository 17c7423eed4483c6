/** Bounds how many calls are under way at a time; the others wait in the order they came. */
export class CallSlots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  /** @param count how many at a time. */
  constructor(count: number) {
    this.#free = count;
  }

  /**
   * Runs a call when its turn comes.
   * @throws the signal's reason when it aborts before that.
   */
  async run<T>(call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    try {
      return await call();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  /** Resolves with a slot that was handed over. */
  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(start), 1);
        reject(signal.reason);
      };
      this.#waiting.push(start);
      signal.addEventListener("abort", leave, { once: true });
    });
  }
}

/**
 * A signal that aborts when time is up or when one of others does. Made by hand since `AbortSignal.any` keeps a record
 * in the outer signals, which in a controller outlive a million requests.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: readonly AbortSignal[];
  readonly #onOuterAbort = () => this.#controller.abort(this.#outer.find(({ aborted }) => aborted)?.reason);
  #timer: NodeJS.Timeout | undefined;
  #limitMs: number;
  #passed = false;

  /** @param limitMs 0 for none. */
  constructor(limitMs: number, ...outer: (AbortSignal | undefined)[]) {
    this.#limitMs = limitMs;
    this.#outer = outer.filter((signal) => signal !== undefined);
    for (const signal of this.#outer) signal.addEventListener("abort", this.#onOuterAbort, { once: true });
    if (this.#outer.some(({ aborted }) => aborted)) this.#onOuterAbort();
    this.restart(limitMs);
  }

  /** Aborts with the deadline or an outer signal, whichever is first. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True when it was time that ended it. */
  get passed(): boolean {
    return this.#passed;
  }

  get limitMs(): number {
    return this.#limitMs;
  }

  /** Counts anew from now; 0 stops the count. */
  restart(limitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (limitMs <= 0 || this.#controller.signal.aborted) return;
    this.#limitMs = limitMs;
    this.#timer = setTimeout(() => {
      this.#passed = true;
      this.#controller.abort(new Error("the deadline passed"));
    }, limitMs);
  }

  /** Stops the count; the outer signals still abort. */
  lift(): void {
    this.restart(0);
  }

  [Symbol.dispose](): void {
    this.lift();
    for (const signal of this.#outer) signal.removeEventListener("abort", this.#onOuterAbort);
  }
}

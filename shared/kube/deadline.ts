/**
 * A signal that aborts when time is up or when another signal does. Made by hand since `AbortSignal.any` keeps a record
 * in the outer signal, which in a controller outlives a million requests.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #onOuterAbort = () => this.#controller.abort(this.#outer?.reason);
  #timer: NodeJS.Timeout | undefined;
  #limitMs: number;
  #passed = false;

  /** @param limitMs 0 for none. */
  constructor(limitMs: number, outer?: AbortSignal) {
    this.#limitMs = limitMs;
    this.#outer = outer;
    if (outer?.aborted) this.#onOuterAbort();
    else outer?.addEventListener("abort", this.#onOuterAbort, { once: true });
    this.restart(limitMs);
  }

  /** Aborts with the deadline or the outer signal, whichever is first. */
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

  /** Stops the count; the outer signal still aborts. */
  lift(): void {
    this.restart(0);
  }

  [Symbol.dispose](): void {
    this.lift();
    this.#outer?.removeEventListener("abort", this.#onOuterAbort);
  }
}

import { type CallContext, TemplateFunctionError } from "./function-table.ts";
import { LimitReached, type TemplateLimits } from "./limits.ts";

/** Where time and chance come from. */
export type RunSources = {
  /** Milliseconds that only ever grow. */
  readonly monotonic: () => number;
  /** Milliseconds since 1970; null where templates may not read the clock. */
  readonly now: (() => number) | null;
  /** Random bytes; null where templates may not be random. */
  readonly randomBytes: ((length: number) => Uint8Array) | null;
};

// A look at the clock costs more than a step.
const STEPS_BETWEEN_LOOKS = 512;
const BYTES_PER_STEP = 100;

/** What the templates of one run have used up so far, and what functions may ask for. */
export class RunBudget implements CallContext {
  readonly #limits: TemplateLimits;
  readonly #sources: RunSources;
  readonly #deadline: number;
  #steps = 0;
  #lookAt = STEPS_BETWEEN_LOOKS;
  #work = 0;
  #output = 0;

  constructor(limits: TemplateLimits, sources: RunSources) {
    this.#limits = limits;
    this.#sources = sources;
    this.#deadline = sources.monotonic() + limits.milliseconds;
  }

  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > this.#limits.steps) throw new LimitReached("steps");
    if (this.#steps < this.#lookAt) return;
    this.#lookAt = this.#steps + STEPS_BETWEEN_LOOKS;
    this.checkTime();
  }

  grow(bytes: number): void {
    if (bytes > this.#limits.stringBytes) throw new LimitReached("stringBytes");
    this.#work += bytes;
    if (this.#work > this.#limits.workBytes) throw new LimitReached("workBytes");
    this.spend(bytes / BYTES_PER_STEP);
  }

  /** Accounts for output before it is kept. @param soFar bytes of this template already written. */
  write(bytes: number, soFar: number): void {
    if (soFar + bytes > this.#limits.outputBytes) throw new LimitReached("outputBytes");
    this.#output += bytes;
    if (this.#output > this.#limits.totalOutputBytes) throw new LimitReached("totalOutputBytes");
    this.spend(bytes / BYTES_PER_STEP);
  }

  /** @throws LimitReached when the time is over. */
  checkTime(): void {
    if (this.#sources.monotonic() > this.#deadline) throw new LimitReached("milliseconds");
  }

  now(): number {
    if (this.#sources.now === null)
      throw new TemplateFunctionError("it reads the clock, which is not allowed here");
    return this.#sources.now();
  }

  randomBytes(length: number): Uint8Array {
    if (this.#sources.randomBytes === null)
      throw new TemplateFunctionError("it is random, which is not allowed here");
    return this.#sources.randomBytes(length);
  }
}

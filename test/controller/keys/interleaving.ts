import assert from "node:assert/strict";

/** Picks one of so many ways to go on, from 0. */
export type Choose = (options: number) => number;

/**
 * Runs something once for each way its choices can fall out.
 * @returns how many runs there were.
 */
export async function everyRun(run: (choose: Choose) => Promise<void>): Promise<number> {
  const path: { taken: number; options: number }[] = [];
  for (let runs = 1; ; runs++) {
    let depth = 0;
    await run((options) => {
      const known = path[depth++];
      if (known !== undefined) {
        assert.equal(options, known.options, "the same choices lead to the same point");
        return known.taken;
      }
      path.push({ taken: 0, options });
      return 0;
    });
    const next = path.findLastIndex(({ taken, options }) => taken < options - 1);
    if (next < 0) return runs;
    path.length = next + 1;
    for (const last of path.slice(next)) last.taken += 1;
  }
}

/** One of several that run at once, as far as a schedule lets them. */
export class Actor {
  readonly name: string;
  #state: "running" | "waiting" | "done" = "running";
  #stopped = Promise.withResolvers<void>();
  #go: () => void = () => undefined;
  /** Where it waits. */
  at = "";

  /** @param body begins at once. */
  constructor(name: string, body: (actor: Actor) => Promise<void>) {
    this.name = name;
    body(this).then(
      () => this.#end(),
      (error: unknown) => {
        this.#stopped.reject(error);
      },
    );
  }

  /** To be awaited by the body: a point at which others may be quicker. */
  async pass(at: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#go = resolve;
    this.at = at;
    this.#state = "waiting";
    this.#stopped.resolve();
    await promise;
  }

  /** Waits until it waits or has ended. @throws what the body throws. */
  get still(): Promise<void> {
    return this.#stopped.promise;
  }

  get isWaiting(): boolean {
    return this.#state === "waiting";
  }

  /** Lets it go on to the next point. */
  async go(): Promise<void> {
    assert.ok(this.isWaiting);
    this.#state = "running";
    this.#stopped = Promise.withResolvers();
    this.#go();
    await this.still;
  }

  #end(): void {
    this.#state = "done";
    this.#stopped.resolve();
  }
}

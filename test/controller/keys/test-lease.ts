import { NotLeadingError, type Term } from "../../../controller/runtime/term.ts";

/** One spell of leading in a test. */
export type TestTerm = Term & {
  /** Ends it as a process notices that ends it itself. */
  end(): void;
};

/** A lease without a cluster: one holder, annotations by compare-and-swap. */
export class TestLease {
  annotations: Readonly<Record<string, string>> = {};
  /** Runs before each write of annotations; may wait or throw. */
  beforeAnnotate: () => Promise<void> = async () => undefined;
  #holder: object | null = null;

  /**
   * Begins a term. Whoever led before leads no longer, but is told only by asking: a paused process does not notice.
   */
  begin(): TestTerm {
    const ending = new AbortController();
    const me = {};
    this.#holder = me;
    const holds = () => this.#holder === me && !ending.signal.aborted;
    let seen = this.annotations;
    return {
      signal: ending.signal,
      holds,
      get annotations() {
        return seen;
      },
      annotate: async (more) => {
        await this.beforeAnnotate();
        if (!holds()) throw new NotLeadingError();
        seen = { ...this.annotations, ...more };
        this.annotations = seen;
      },
      end: () => {
        ending.abort(new NotLeadingError());
        if (this.#holder === me) this.#holder = null;
      },
    };
  }
}

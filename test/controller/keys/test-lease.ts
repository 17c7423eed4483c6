import { changedFrom, NotLeadingError, type Term } from "../../../controller/runtime/term.ts";

/** One spell of leading in a test. */
export type TestTerm = Term & {
  /** Ends it as a process notices that ends it itself. */
  end(): void;
};

/** A write of annotations: calling it is what the server does. */
type Annotating = (write: () => void) => Promise<void>;

/** A lease without a cluster: one holder, annotations by compare-and-swap. */
export class TestLease {
  annotations: Readonly<Record<string, string>> = {};
  #holder: object | null = null;

  /**
   * Begins a term. Whoever led before leads no longer, but is told only by asking: a paused process does not notice.
   * @param annotating what comes between the holder and the server.
   */
  begin(annotating: Annotating = async (write) => write()): TestTerm {
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
      annotate: async (change) => {
        await annotating(() => {
          if (this.#holder !== me) throw new NotLeadingError();
          this.annotations = { ...this.annotations, ...changedFrom(this.annotations, change) };
        });
        seen = this.annotations;
      },
      end: () => {
        ending.abort(new Error("the term is over"));
        if (this.#holder === me) this.#holder = null;
      },
    };
  }
}

/** Writes that are told one by one; of more, the last. */
const MOST_TOLD = 5;

/** What an action has written so far, for the last words of one that is interrupted. */
export class KeyWrites {
  /** What to do about it, as a clause. */
  next = "run the same again";
  readonly #written: string[] = [];
  #underWay: string | null = null;

  /**
   * Writes something.
   * @param what says what is written then, as a clause.
   * @returns what the work returns; where that is null, nothing was written.
   */
  async write<T>(what: string, work: () => T | Promise<T>): Promise<T> {
    this.#underWay = what;
    try {
      const result = await work();
      if (result !== null) this.#written.push(what);
      return result;
    } finally {
      this.#underWay = null;
    }
  }

  /** What was written, what may be, and the next step. */
  get lastWords(): string {
    const last = this.#written.at(-1);
    if (last === undefined && this.#underWay === null)
      return `interrupted: nothing was written; ${this.next}`;
    const told =
      this.#written.length > MOST_TOLD
        ? `${this.#written.length} things, at last: ${last}`
        : this.#written.join(", ") || "nothing";
    const perhaps = this.#underWay === null ? "" : `; perhaps also: ${this.#underWay}`;
    return `interrupted: written so far: ${told}${perhaps}; see: signet keys list; ${this.next}`;
  }
}

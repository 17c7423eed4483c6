import { Fifo } from "./fifo.ts";

/** `new`: something changed, somebody waits. `resync`: looked at again in case something was missed. */
export type Priority = "new" | "resync";

/** Decides which of the keys that are ready comes next. Fairness between namespaces is another implementation. */
export interface ReadyOrder {
  /** Adds a key, or raises the priority of one that waits. Never lowers it. */
  put(key: string, priority: Priority): void;
  /** Takes the next key out, into a worker's hands; null when none waits that may be taken now. */
  take(): { key: string; priority: Priority } | null;
  /** A key that was taken is handed back. To be called once for each that was taken, before it is put again. */
  done(key: string): void;
  /** Keys that wait. */
  readonly size: number;
}

/** New before resync, each first come, first served. */
export class PriorityOrder implements ReadyOrder {
  readonly #new = new Fifo<string>();
  readonly #resync = new Fifo<string>();

  get size(): number {
    return this.#new.size + this.#resync.size;
  }

  put(key: string, priority: Priority): void {
    if (this.#new.has(key)) return;
    if (priority === "resync") this.#resync.push(key);
    else {
      this.#resync.delete(key);
      this.#new.push(key);
    }
  }

  take(): { key: string; priority: Priority } | null {
    for (const priority of ["new", "resync"] as const) {
      const key = (priority === "new" ? this.#new : this.#resync).shift();
      if (key !== undefined) return { key, priority };
    }
    return null;
  }

  done(): void {}
}

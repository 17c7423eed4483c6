/** `new`: something changed, somebody waits. `resync`: looked at again in case something was missed. */
export type Priority = "new" | "resync";

/** Decides which of the keys that are ready comes next. Fairness between namespaces is another implementation. */
export interface ReadyOrder {
  /** Adds a key, or raises the priority of one that waits. Never lowers it. */
  put(key: string, priority: Priority): void;
  /** Takes the next key out, null when none waits. */
  take(): { key: string; priority: Priority } | null;
  /** Keys that wait. */
  readonly size: number;
}

/** New before resync, each first come, first served. */
export class PriorityOrder implements ReadyOrder {
  readonly #new = new Set<string>();
  readonly #resync = new Set<string>();

  get size(): number {
    return this.#new.size + this.#resync.size;
  }

  put(key: string, priority: Priority): void {
    if (this.#new.has(key)) return;
    if (priority === "resync") this.#resync.add(key);
    else {
      this.#resync.delete(key);
      this.#new.add(key);
    }
  }

  take(): { key: string; priority: Priority } | null {
    for (const priority of ["new", "resync"] as const) {
      const waiting = priority === "new" ? this.#new : this.#resync;
      for (const key of waiting) {
        waiting.delete(key);
        return { key, priority };
      }
    }
    return null;
  }
}

import type { Occurrence } from "./event-object.ts";

/**
 * Events that wait to be written, within a bound. Namespaces take turns, one event each, and when there is no room the one
 * that has most waiting loses its newest: a tenant who has a great many written holds up nobody else's, nor those about
 * sealing keys.
 */
export class EventQueue {
  readonly #most: number;
  /** Of each namespace that has some, the oldest first; the namespaces in the order of their turns. */
  readonly #waiting = new Map<string, Occurrence[]>();
  #size = 0;

  /** @param most events that wait at once. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Events that wait. */
  get size(): number {
    return this.#size;
  }

  /** @returns false when an event was dropped for it, or it was itself. */
  put(event: Occurrence): boolean {
    const { namespace } = event;
    const its = this.#waiting.get(namespace);
    const isFull = this.#size >= this.#most;
    if (isFull && !this.#makeRoom((its?.length ?? 0) + 1)) return false;
    if (its === undefined) this.#waiting.set(namespace, [event]);
    else its.push(event);
    this.#size += 1;
    return !isFull;
  }

  /** Takes out the event whose turn it is. */
  take(): Occurrence | undefined {
    for (const [namespace, its] of this.#waiting) {
      const event = its.shift();
      this.#waiting.delete(namespace);
      if (its.length > 0) this.#waiting.set(namespace, its);
      this.#size -= 1;
      return event;
    }
    return undefined;
  }

  /** Drops all. @returns how many there were. */
  clear(): number {
    const size = this.#size;
    this.#waiting.clear();
    this.#size = 0;
    return size;
  }

  /** Takes one from the namespace that has most, if it has more than that. */
  #makeRoom(than: number): boolean {
    let most: Occurrence[] = [];
    for (const its of this.#waiting.values()) if (its.length > most.length) most = its;
    if (most.length <= than) return false;
    most.pop();
    this.#size -= 1;
    return true;
  }
}

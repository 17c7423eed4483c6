import { RecentMap } from "./recent-map.ts";

/** Events of one object at once, and time after which it may have one more: as the reference's client library. */
const BURST = 25;
const REFILL_MS = 300_000;
const MAX_OBJECTS = 4096;

/** How many events each object may have. */
export class EventBudget {
  readonly #now: () => number;
  readonly #left = new RecentMap<{ events: number; at: number }>(MAX_OBJECTS);

  /** @param now milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns false when the object has had its share. */
  take(object: string): boolean {
    const now = this.#now();
    const before = this.#left.get(object) ?? { events: BURST, at: now };
    // A clock that was set back gives nothing and takes nothing.
    const gained = Math.max(0, now - before.at) / REFILL_MS;
    const events = Math.min(BURST, before.events + gained);
    const granted = events >= 1;
    this.#left.set(object, { events: granted ? events - 1 : events, at: now });
    return granted;
  }
}

import { Fifo } from "./fifo.ts";
import type { Priority, ReadyOrder } from "./ready-order.ts";

/** How keys are grouped, and how much of the workers one group may have. */
export type FairOrderOptions = {
  /** Whom a key belongs to: its namespace. Always the same for a key. */
  groupOf: (key: string) => string;
  /** So many keys of a group are in workers' hands at once, never more; less than 1 counts as 1. */
  mostInHand: number;
};

/** Keys of one group. */
type Group = {
  readonly waiting: Readonly<Record<Priority, Fifo<string>>>;
  inHand: number;
  /** Kinds whose turn came while the group had all in hand that it may. */
  readonly owed: Record<Priority, boolean>;
};

const PRIORITIES: readonly Priority[] = ["new", "resync"];

/** While a resync waits that may be taken, so many new ones in a row are handed out, then it. */
const NEW_IN_A_ROW = 7;

/**
 * Shares the workers fairly between groups, so that no tenant keeps another one waiting however much it asks for.
 *
 * - A group has at most `mostInHand` keys in workers' hands at once, even when nobody else waits: with more workers than
 *   that, one of them is free for the next group that comes.
 * - New keys go before resync keys, whichever groups they belong to, but for every eighth: after seven new ones in a
 *   row comes a resync, when there is one. So a flood of new keys slows resync down and does not stop it, not even that of
 *   its own group.
 * - Among new keys the groups take turns, one key each; so they do among resync keys. A group that comes to have something
 *   joins at the end. One whose turn comes while it is at its limit has it as soon as a key is handed back.
 * - Inside a group each kind is first come, first served. A key that is raised from resync to new joins the end.
 *
 * So a new key with p - 1 new ones of its group before it waits for p turns of each of the G groups that have new keys, and
 * a resync beside every seven: 8/7 × p × G hand-outs, rounded up. A resync waits for no more than 8 × p × G, with p and G
 * counted among resync keys. To this adds what a group waits at its limit.
 *
 * `put`, `take` and `done` take, over a time, the same number of steps however many keys and groups there are. A group
 * without keys is not remembered.
 */
export class FairOrder implements ReadyOrder {
  readonly #groupOf: (key: string) => string;
  readonly #mostInHand: number;
  readonly #groups = new Map<string, Group>();
  /** Names of the groups that have a key of the kind and whose turn is to come, in the order of their turns. */
  readonly #turns: Readonly<Record<Priority, Fifo<string>>> = { new: new Fifo(), resync: new Fifo() };
  #newInARow = 0;
  #size = 0;

  constructor({ groupOf, mostInHand }: FairOrderOptions) {
    this.#groupOf = groupOf;
    this.#mostInHand = Math.max(1, mostInHand);
  }

  get size(): number {
    return this.#size;
  }

  put(key: string, priority: Priority): void {
    const name = this.#groupOf(key);
    const group = this.#groups.get(name) ?? newGroup();
    const { waiting } = group;
    if (waiting.new.has(key) || (priority === "resync" && waiting.resync.has(key))) return;
    this.#groups.set(name, group);
    if (waiting.resync.delete(key)) this.#size -= 1;
    waiting[priority].push(key);
    this.#size += 1;
    if (waiting.resync.size === 0) {
      group.owed.resync = false;
      this.#turns.resync.delete(name);
    }
    if (!group.owed[priority]) this.#turns[priority].push(name);
  }

  take(): { key: string; priority: Priority } | null {
    const resyncFirst = this.#newInARow >= NEW_IN_A_ROW;
    if (resyncFirst) return this.#takeOf("resync") ?? this.#takeOf("new");
    return this.#takeOf("new") ?? this.#takeOf("resync");
  }

  done(key: string): void {
    const name = this.#groupOf(key);
    const group = this.#groups.get(name);
    if (group === undefined) return;
    group.inHand -= 1;
    for (const priority of PRIORITIES) {
      if (!group.owed[priority]) continue;
      group.owed[priority] = false;
      this.#turns[priority].unshift(name);
    }
    const { waiting, inHand } = group;
    if (inHand === 0 && waiting.new.size + waiting.resync.size === 0) this.#groups.delete(name);
  }

  #takeOf(priority: Priority): { key: string; priority: Priority } | null {
    const turns = this.#turns[priority];
    // Whoever is passed over is not met again before a key of the group is handed back: so many steps `done` has paid for.
    for (let name = turns.shift(); name !== undefined; name = turns.shift()) {
      const group = this.#groups.get(name);
      if (group === undefined) continue;
      if (group.inHand >= this.#mostInHand) {
        group.owed[priority] = true;
        continue;
      }
      const key = group.waiting[priority].shift();
      if (key === undefined) continue;
      if (group.waiting[priority].size > 0) turns.push(name);
      this.#newInARow = priority === "new" ? this.#newInARow + 1 : 0;
      this.#size -= 1;
      group.inHand += 1;
      return { key, priority };
    }
    return null;
  }
}

function newGroup(): Group {
  return {
    waiting: { new: new Fifo(), resync: new Fifo() },
    inHand: 0,
    owed: { new: false, resync: false },
  };
}

import { Fifo } from "./fifo.ts";
import type { Priority, ReadyOrder } from "./ready-order.ts";

/** How keys are grouped, and how much of the workers one group may have. */
export type FairOrderOptions = {
  /** Whom a key belongs to: its namespace. Always the same for a key. */
  groupOf: (key: string) => string;
  /** So many keys of a group are in workers' hands at once, never more; at least 1. */
  mostInHand: number;
};

/** Keys of one group. */
type Group = { readonly waiting: Readonly<Record<Priority, Fifo<string>>>; inHand: number };

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
 *   to take, or may take again, joins at the end.
 * - Inside a group each kind is first come, first served. A key that is raised from resync to new joins the end.
 *
 * So a new key with p - 1 new ones of its group before it waits, for as long as its group may take, for no more than p
 * turns of each of the G groups that have new keys, and a resync beside every seven: 8/7 × p × G hand-outs, rounded up. A
 * resync waits for no more than 8 × p × G, with p and G counted among resync keys.
 *
 * `put`, `take` and `done` take the same number of steps however many keys and groups there are. A group without keys is
 * not remembered.
 */
export class FairOrder implements ReadyOrder {
  readonly #groupOf: (key: string) => string;
  readonly #mostInHand: number;
  readonly #groups = new Map<string, Group>();
  /** Names of the groups that may take a key of the kind, in the order of their turns. */
  readonly #turns: Readonly<Record<Priority, Fifo<string>>> = { new: new Fifo(), resync: new Fifo() };
  #newInARow = 0;
  #size = 0;

  constructor({ groupOf, mostInHand }: FairOrderOptions) {
    this.#groupOf = groupOf;
    this.#mostInHand = mostInHand;
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
    this.#setTurns(name, group);
  }

  take(): { key: string; priority: Priority } | null {
    const priority = this.#nextKind();
    const name = this.#turns[priority].shift();
    const group = name === undefined ? undefined : this.#groups.get(name);
    const key = group?.waiting[priority].shift();
    if (name === undefined || group === undefined || key === undefined) return null;
    this.#newInARow = priority === "new" ? this.#newInARow + 1 : 0;
    this.#size -= 1;
    group.inHand += 1;
    this.#setTurns(name, group);
    return { key, priority };
  }

  done(key: string): void {
    const name = this.#groupOf(key);
    const group = this.#groups.get(name);
    if (group === undefined) return;
    group.inHand -= 1;
    this.#setTurns(name, group);
  }

  #nextKind(): Priority {
    const { new: fresh, resync } = this.#turns;
    if (fresh.size === 0) return "resync";
    return resync.size > 0 && this.#newInARow >= NEW_IN_A_ROW ? "resync" : "new";
  }

  /** Has the group take turns at what it has and may take; one that waits for its turn keeps its place. */
  #setTurns(name: string, group: Group): void {
    const mayTake = group.inHand < this.#mostInHand;
    for (const priority of ["new", "resync"] as const) {
      if (mayTake && group.waiting[priority].size > 0) this.#turns[priority].push(name);
      else this.#turns[priority].delete(name);
    }
    if (group.inHand === 0 && group.waiting.new.size + group.waiting.resync.size === 0)
      this.#groups.delete(name);
  }
}

function newGroup(): Group {
  return { waiting: { new: new Fifo(), resync: new Fifo() }, inHand: 0 };
}

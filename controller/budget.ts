import { RecentMap } from "./recent-map.ts";

/** What each holder may spend. */
export type BudgetTerms = {
  /** What may be spent at once. */
  burst: number;
  /** Milliseconds after which there is one more to spend. */
  refillMs: number;
  /** Holders that are remembered: the one that spent nothing for longest is forgotten first. */
  holders: number;
  /** Milliseconds. */
  now: () => number;
};

/** How much each of many may spend over time, by name. */
export class Budget {
  readonly #terms: BudgetTerms;
  readonly #accounts: RecentMap<{ left: number; at: number }>;

  constructor(terms: BudgetTerms) {
    this.#terms = terms;
    this.#accounts = new RecentMap(terms.holders);
  }

  /** Spends one. @returns false when there is none to spend. */
  take(holder: string): boolean {
    if (this.left(holder) < 1) return false;
    this.spend(holder, 1);
    return true;
  }

  /** What the holder could spend now; negative while it owes. */
  left(holder: string): number {
    const { burst, refillMs, now } = this.#terms;
    const account = this.#accounts.get(holder);
    if (account === undefined) return burst;
    // A clock that was set back gives nothing and takes nothing.
    return Math.min(burst, account.left + Math.max(0, now() - account.at) / refillMs);
  }

  /** Takes so much off, even if there is less: what was spent is known afterwards only. */
  spend(holder: string, amount: number): void {
    this.#accounts.set(holder, { left: this.left(holder) - amount, at: this.#terms.now() });
  }
}

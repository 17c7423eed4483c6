import type { Term } from "./term.ts";

/** What decides whether this replica works. */
export interface Election {
  /**
   * Waits for its turn, leads, and waits again when leading was lost, until the signal aborts or `lead` returns while
   * it still led. The lease is given back after `lead` has returned, so what writes must end when `term.signal` aborts.
   * @param lead the work of a leader, from the begin for each term.
   * @throws what `lead` throws, after the lease was given back; not NotLeadingError of a term that has ended.
   */
  run(lead: (term: Term) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** Whether this replica leads now. */
  readonly leading: boolean;
  /** Identity of who leads, as far as was seen; null when nobody does or nothing is known. */
  readonly holder: string | null;
  /**
   * Ms since the loop of `run` last turned; 0 while it does not run. Failed tries are turns: a loop that asks a dead API server is alive. It grows beyond a
   * few retry periods only when the process stood still, or `lead` does not end though its term has.
   */
  readonly silentMs: number;
}

/** For a change of who leads. */
export type HolderChange = { leading: boolean; holder: string | null };

import type { Election } from "./election.ts";
import { changedFrom, type LeaseAnnotations, NotLeadingError, type Term } from "./term.ts";

/** For a controller that runs alone: one term, from the begin of `run` to its end, without a lease. */
export function soleLeader(): Election {
  let leading = false;
  return {
    get leading() {
      return leading;
    },
    holder: null,
    silentMs: 0,
    async run(lead, signal) {
      if (signal.aborted) return;
      leading = true;
      try {
        await lead(soleTerm(signal));
      } catch (error) {
        if (!(error instanceof NotLeadingError && signal.aborted)) throw error;
      } finally {
        leading = false;
      }
    },
  };
}

function soleTerm(signal: AbortSignal): Term {
  let annotations: LeaseAnnotations = {};
  return {
    signal,
    holds: () => true,
    get annotations() {
      return annotations;
    },
    async annotate(change) {
      annotations = { ...annotations, ...changedFrom(annotations, change) };
    },
  };
}

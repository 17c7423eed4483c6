import type { Fault } from "./fault.ts";

const election = "controller/runtime/leader-election.ts";
const judge = "controller/runtime/lease-judge.ts";
const lease = "controller/runtime/lease.ts";
const term = "controller/runtime/lease-term.ts";
const fence = "controller/runtime/fenced-client.ts";
const rules = "test/controller/runtime/leader-election.test.ts";
const faultsTest = "test/controller/runtime/leader-election-faults.test.ts";
const fenceTest = "test/controller/runtime/fenced-client.test.ts";

/** Faults in electing a leader and in keeping everybody else from writing. */
export const electionFaults: readonly Fault[] = [
  {
    what: "a candidate waits no longer than a leader goes on",
    file: judge,
    find: "this.#clock.monotonic() - seen.atMs >= seen.waitMs",
    replace: "this.#clock.monotonic() - seen.atMs >= seen.waitMs / 2",
    test: rules,
  },
  {
    what: "a candidate judges by the wall clock",
    file: judge,
    find: "this.#clock.monotonic() - seen.atMs >= seen.waitMs",
    replace: "this.#clock.now() - seen.atMs >= seen.waitMs",
    test: rules,
  },
  {
    what: "a deleted lease is up for grabs",
    file: judge,
    find: "    if (lease === null && this.#seen === null) return null;",
    replace: "    if (lease === null) return null;",
    test: faultsTest,
  },
  {
    what: "our name on the lease is enough to take it",
    file: judge,
    find: "renewTime !== null && this.#ours.includes(renewTime)",
    replace: "renewTime !== null",
    test: faultsTest,
  },
  {
    what: "a record of an earlier term is ours for ever",
    file: judge,
    find: "} else this.#ours = [];",
    replace: "}",
    test: faultsTest,
  },
  {
    what: "a holder with a longer duration is not waited for",
    file: judge,
    find: "Math.max(this.#durationMs, theirsMs)",
    replace: "this.#durationMs",
    test: rules,
  },
  {
    what: "a lease without a holder is free, whoever emptied it",
    file: lease,
    find: `(holder ?? "") === "" && leaseDurationSeconds === 1`,
    replace: `(holder ?? "") === ""`,
    test: faultsTest,
  },
  {
    what: "transitions overflow",
    file: lease,
    find: "isCount(past) && past < LARGEST_INT32 ? past + 1 : 0",
    replace: "isCount(past) ? past + 1 : 0",
    test: faultsTest,
  },
  {
    what: "times have three fraction digits",
    file: lease,
    find: "return new Date(ms).toISOString().replace(",
    replace:
      "if (count > 0) return new Date(ms).toISOString();\n  return new Date(ms).toISOString().replace(",
    test: rules,
  },
  {
    what: "each renewal looks like a new term",
    file: lease,
    find: `typeof acquireTime === "string" ? acquireTime : writer.at`,
    replace: "writer.at",
    test: rules,
  },
  {
    what: "a machine that slept believes in its term",
    file: term,
    find: "Math.max(clock.monotonic() - monotonicMs, clock.now() - wallMs)",
    replace: "(clock.monotonic() - monotonicMs + 0 * wallMs)",
    test: faultsTest,
  },
  {
    what: "a wall clock that is set back prolongs the term",
    file: term,
    find: "Math.max(clock.monotonic() - monotonicMs, clock.now() - wallMs)",
    replace: "(clock.now() - wallMs + 0 * monotonicMs)",
    test: faultsTest,
  },
  {
    what: "a renewal counts from its answer",
    file: term,
    find: "        this.#renewedAt = startedAt;",
    replace: "        this.#renewedAt = momentOf(this.#options.clock);",
    test: faultsTest,
  },
  {
    what: "a term that said no says yes again",
    file: term,
    find: "    if (!this.signal.aborted && this.leftMs <= 0) this.end();\n    return !this.signal.aborted;",
    replace: "    return !this.signal.aborted && this.leftMs > 0;",
    test: faultsTest,
  },
  {
    what: "an answer after the deadline revives the term",
    file: term,
    find: "        if (!this.holds()) throw new NotLeadingError();\n        this.#renewedAt",
    replace: "        this.#renewedAt",
    test: faultsTest,
  },
  {
    what: "another holder on the lease is overwritten",
    file: term,
    find: "if (lease.holder === this.#options.identity) return;",
    replace: "if (lease.holder !== null) return;",
    test: faultsTest,
  },
  {
    what: "a successor's lease is given back",
    file: term,
    find: "          if (lease?.holder !== identity) return;\n",
    replace: "",
    test: rules,
  },
  {
    what: "an annotation runs into a renewal",
    file: term,
    find: "const turn = this.#lastTurn.then(write);",
    replace: "const turn = write();",
    test: faultsTest,
  },
  {
    what: "the lease is given back while the work still goes on",
    file: election,
    find: "    const failed = await work;\n    if (isOwnWill) await this.#release(term);",
    replace: "    if (isOwnWill) await this.#release(term);\n    const failed = await work;",
    test: rules,
  },
  {
    what: "a lost term gives back what may be another's by now, and ends the run",
    file: election,
    find: "isOwnWill ||= term.holds();",
    replace: "isOwnWill = true;",
    test: rules,
  },
  {
    what: "a takeover is counted from its answer",
    file: election,
    find: "new LeaseTerm(taken, begunAt, {",
    replace: "new LeaseTerm(taken, { ...begunAt, ...momentOf(clock) }, {",
    test: faultsTest,
  },
  {
    what: "a missing right is told at each try",
    file: election,
    find: "if (!(error instanceof LeaseForbiddenError && error.again)) ",
    replace: "",
    test: faultsTest,
  },
  {
    what: "who is stopped while taking over leaves the lease behind",
    file: election,
    find: "const patience = { withinMs: this.#requestMs };",
    replace: "const patience = { withinMs: this.#requestMs, signal };",
    test: rules,
  },
  {
    what: "a hanging request lasts until the deadline",
    file: election,
    find: "return this.#options.renewDeadlineMs / 2;",
    replace: "return this.#options.renewDeadlineMs;",
    test: faultsTest,
  },
  {
    what: "deletions pass without a term",
    file: fence,
    find: `method !== "GET" && !this.#term.holds()`,
    replace: `method !== "GET" && method !== "DELETE" && !this.#term.holds()`,
    test: fenceTest,
  },
  {
    what: "a write under way outlives its term",
    file: fence,
    find: "    return new Deadline(0, this.#term.signal, signal);",
    replace: "    return new Deadline(0, signal);",
    test: fenceTest,
    named: "what is under way ends with the term",
  },
  {
    what: "each request leaves a listener behind",
    file: fence,
    find: "  async request(request: KubeRequest): Promise<KubeObject> {\n    using ending",
    replace: "  async request(request: KubeRequest): Promise<KubeObject> {\n    const ending",
    test: fenceTest,
  },
];

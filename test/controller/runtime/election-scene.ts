import type { Clock } from "../../../controller/runtime/clock.ts";
import type { HolderChange } from "../../../controller/runtime/election.ts";
import { LeaderElection, type LeaderElectionOptions } from "../../../controller/runtime/leader-election.ts";
import type { Term } from "../../../controller/runtime/term.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { LeaseServer } from "./lease-server.ts";

/** The clocks of one machine, and whether its process is let run. */
export class MachineClock implements Clock {
  readonly #time: FakeClock;
  /** What the wall clock is off by. */
  wallSkewMs = 0;
  /** How long the monotonic clock stood still so far, and since when it does. */
  #stoodStillMs = 0;
  #asleepSinceMs: number | null = null;
  #resumed: PromiseWithResolvers<void> | null = null;

  constructor(time: FakeClock) {
    this.#time = time;
  }

  now(): number {
    return this.#time.now() + this.wallSkewMs;
  }

  monotonic(): number {
    return (this.#asleepSinceMs ?? this.#time.monotonic()) - this.#stoodStillMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    try {
      await this.#time.sleep(ms, signal);
    } finally {
      await this.running();
    }
  }

  /** SIGSTOP: the process sees nothing any more, neither time nor answers. */
  pause(): void {
    this.#resumed ??= Promise.withResolvers();
  }

  /** The whole machine sleeps: stopped, and its monotonic clock stands still. */
  suspend(): void {
    this.pause();
    this.#asleepSinceMs ??= this.#time.monotonic();
  }

  /** SIGCONT, or the machine wakes. */
  resume(): void {
    if (this.#asleepSinceMs !== null) this.#stoodStillMs += this.#time.monotonic() - this.#asleepSinceMs;
    this.#asleepSinceMs = null;
    this.#resumed?.resolve();
    this.#resumed = null;
  }

  /** Resolves when the process runs. */
  async running(): Promise<void> {
    while (this.#resumed !== null) await this.#resumed.promise;
  }
}

/** The work of a leader, in a test. */
export type Work = (term: Term, candidate: Candidate) => Promise<void>;

/** A candidate as a test sets it up; times are 15 s, 10 s and 2 s, and nothing is random. */
export type CandidateOptions = Partial<
  Pick<LeaderElectionOptions, "leaseDurationMs" | "renewDeadlineMs" | "retryPeriodMs" | "random">
> & { work?: Work };

/** One process that stands for election. */
export class Candidate {
  readonly name: string;
  readonly clock: MachineClock;
  readonly election: LeaderElection;
  readonly terms: Term[] = [];
  readonly errors: unknown[] = [];
  /** What `onError` was told to be the wait after each of them. */
  readonly waits: number[] = [];
  readonly changes: HolderChange[] = [];
  /** Resolves or rejects as `run` does. */
  readonly ended: Promise<void>;
  readonly #stopping = new AbortController();

  constructor(name: string, time: FakeClock, server: LeaseServer, options: CandidateOptions = {}) {
    const { work = untilOver, ...times } = options;
    this.name = name;
    this.clock = new MachineClock(time);
    const { server: url, request } = server.client(name);
    this.election = new LeaderElection({
      client: {
        server: url,
        request: async (asked) => {
          try {
            return await request(asked);
          } finally {
            await this.clock.running();
          }
        },
      },
      clock: this.clock,
      namespace: "ns",
      name: "lease",
      identity: name,
      leaseDurationMs: 15_000,
      renewDeadlineMs: 10_000,
      retryPeriodMs: 2_000,
      random: () => 0,
      ...times,
      onChange: (change) => this.changes.push(change),
      onError: (error, waitMs) => {
        this.errors.push(error);
        this.waits.push(waitMs);
      },
    });
    this.ended = this.election.run((term) => {
      this.terms.push(term);
      return work(term, this);
    }, this.#stopping.signal);
    this.ended.catch(() => undefined);
  }

  /** The last term. @throws Error when it never led. */
  get term(): Term {
    const last = this.terms.at(-1);
    if (last === undefined) throw new Error(`${this.name} never led`);
    return last;
  }

  get leads(): boolean {
    return this.election.leading;
  }

  /** SIGTERM. */
  stop(): void {
    this.#stopping.abort();
  }
}

/** A server, a clock, and candidates. */
export class ElectionScene {
  readonly time = new FakeClock();
  readonly server = new LeaseServer(this.time);

  /** Starts a candidate and lets it make its first try. */
  async start(name: string, options?: CandidateOptions): Promise<Candidate> {
    const candidate = new Candidate(name, this.time, this.server, options);
    await settle();
    return candidate;
  }

  advance(ms: number): Promise<void> {
    return this.time.advance(ms);
  }

  /** Moves time on until it holds. @returns ms it took. @throws Error when it does not within `boundMs`. */
  async until(holds: () => boolean, boundMs = 120_000): Promise<number> {
    const startMs = this.time.monotonic();
    for (;;) {
      await settle();
      if (holds()) return this.time.monotonic() - startMs;
      const nextMs = this.time.nextInMs;
      if (nextMs === null || this.time.monotonic() + nextMs - startMs > boundMs)
        throw new Error(`it did not come to hold within ${boundMs} ms`);
      await this.advance(nextMs);
    }
  }
}

/** Works until its term is over. */
export async function untilOver({ signal }: Term): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

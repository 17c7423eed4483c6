import { UsageError } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { backoffMs } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import type { Election, HolderChange } from "./election.ts";
import { type Lease, newLease, renewedLease, takenLease } from "./lease.ts";
import { isStatus, LeaseClient, LeaseForbiddenError } from "./lease-client.ts";
import { LeaseJudge, LONGEST_LEASE_MS } from "./lease-judge.ts";
import { LeaseTerm, momentOf } from "./lease-term.ts";
import { NotLeadingError, type Term } from "./term.ts";

/** How an election is held. */
export type LeaderElectionOptions = {
  /** Without a rate limit: a renewal that waits its turn may come too late. */
  client: Pick<KubeClient, "request" | "server">;
  clock: Clock;
  /** Of the Lease. */
  namespace: string;
  name: string;
  /** Ours, which no other process ever had: a host name is not enough, since Pods may bear one name after another. */
  identity: string;
  /** How long others wait for a leader that went silent. */
  leaseDurationMs: number;
  /** How long a leader that cannot renew goes on; shorter than the lease duration. */
  renewDeadlineMs: number;
  /** Pause between two tries; the deadline is longer than 1.2 of it. */
  retryPeriodMs: number;
  /** From 0 to below 1; default `Math.random`. */
  random?: () => number;
  /** Told whenever the holder changes, or whether that is us. */
  onChange?: (change: HolderChange) => void;
  /** Told of each failed try; of a missing right once, until it was there. */
  onError?: (error: unknown, retryInMs: number) => void;
};

/** An election by a Lease of coordination.k8s.io/v1. Needs the rights create, get and update on leases. */
export class LeaderElection implements Election {
  readonly #options: LeaderElectionOptions;
  readonly #leases: LeaseClient;
  readonly #judge: LeaseJudge;
  readonly #random: () => number;
  #term: LeaseTerm | null = null;
  #holder: string | null = null;
  #told: HolderChange = { leading: false, holder: null };
  /** Null while it does not run. */
  #turnedAtMs: number | null = null;

  /** @throws UsageError when the times do not fit together. */
  constructor(options: LeaderElectionOptions) {
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = options;
    // No leader may hold on for longer than others wait for it.
    if (leaseDurationMs <= renewDeadlineMs || renewDeadlineMs <= 1.2 * retryPeriodMs)
      throw new UsageError(
        "lease duration, renew deadline and retry period do not fit together",
        "each must be longer than the next, the second by more than a fifth",
      );
    if (leaseDurationMs > LONGEST_LEASE_MS)
      throw new UsageError("the lease duration is longer than an hour", "give a shorter one, such as 15s");
    this.#options = options;
    this.#leases = new LeaseClient(options);
    this.#judge = new LeaseJudge(options.clock, options.identity, leaseDurationMs);
    this.#random = options.random ?? Math.random;
  }

  get leading(): boolean {
    return this.#term?.holds() ?? false;
  }

  get holder(): string | null {
    return this.#holder;
  }

  get silentMs(): number {
    return this.#turnedAtMs === null ? 0 : this.#options.clock.monotonic() - this.#turnedAtMs;
  }

  async run(lead: (term: Term) => Promise<void>, signal: AbortSignal): Promise<void> {
    try {
      await this.#stand(lead, signal);
    } finally {
      this.#turnedAtMs = null;
    }
  }

  async #stand(lead: (term: Term) => Promise<void>, signal: AbortSignal): Promise<void> {
    const { clock, leaseDurationMs } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      this.#turn();
      let waitMs: number;
      try {
        const term = await this.#candidate(signal);
        failures = 0;
        if (term !== null && (await this.#lead(term, lead, signal)) === "done") return;
        waitMs = this.#pauseMs();
      } catch (error) {
        if (error instanceof WorkFailed) throw error.cause;
        if (signal.aborted) return;
        waitMs = this.#failed(error, ++failures, leaseDurationMs);
      }
      await clock.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  /** One try to begin a term. @returns null when it is somebody else's. */
  async #candidate(signal: AbortSignal): Promise<LeaseTerm | null> {
    const { clock, namespace, name, renewDeadlineMs } = this.#options;
    const lease = await this.#leases.read({ withinMs: this.#requestMs, signal });
    const mayTake = this.#judge.mayTake(lease);
    const isOurs = lease !== null && this.#judge.isOurs(lease);
    this.#saw(lease);
    if (!mayTake) return null;
    const begunAt = momentOf(clock);
    // Not ended by the signal: a lease that was taken without our knowing would not be given back.
    const patience = { withinMs: this.#requestMs };
    const writer = this.#judge.nextWriter();
    try {
      const taken =
        lease === null
          ? await this.#leases.create(newLease(namespace, name, writer), patience)
          : await this.#leases.replace((isOurs ? renewedLease : takenLease)(lease, writer), patience);
      this.#term = new LeaseTerm(taken, begunAt, {
        leases: this.#leases,
        clock,
        identity: writer.identity,
        writer: () => this.#judge.nextWriter(),
        renewDeadlineMs,
        requestMs: this.#requestMs,
        onSeen: (seen) => this.#saw(seen),
      });
      this.#saw(taken);
      return this.#term;
    } catch (error) {
      // Somebody else was quicker.
      if (isStatus(error, 409) || (lease !== null && isStatus(error, 404))) return null;
      throw error;
    }
  }

  /** Does the work and renews meanwhile. @returns "done" when there is no reason to stand again. */
  async #lead(
    term: LeaseTerm,
    lead: (term: Term) => Promise<void>,
    signal: AbortSignal,
  ): Promise<"lost" | "done"> {
    let isOwnWill = false;
    const endByWill = () => {
      isOwnWill ||= term.holds();
      term.end();
      this.#tell();
    };
    signal.addEventListener("abort", endByWill, { once: true });
    if (signal.aborted) endByWill();
    const work = Promise.resolve()
      .then(() => (term.holds() ? lead(term) : undefined))
      .then(() => null)
      .catch((error: unknown) => new WorkFailed(error))
      .finally(endByWill);
    await this.#renewUntilOver(term);
    signal.removeEventListener("abort", endByWill);
    this.#tell();
    // Whatever it writes now is refused, but the next term must not find it at work.
    const failed = await work;
    if (isOwnWill) await this.#release(term);
    this.#term = null;
    if (failed !== null && !(failed.cause instanceof NotLeadingError)) throw failed;
    return isOwnWill ? "done" : "lost";
  }

  async #renewUntilOver(term: LeaseTerm): Promise<void> {
    const { clock, retryPeriodMs } = this.#options;
    let failures = 0;
    let waitMs = this.#retryMs();
    for (;;) {
      this.#turn();
      await clock.sleep(Math.max(0, Math.min(waitMs, term.leftMs)), term.signal).catch(() => undefined);
      this.#turn();
      if (!term.holds()) return;
      const startedAtMs = clock.monotonic();
      try {
        await term.renew();
        failures = 0;
        // From start to start: a slow server leaves less time as it is.
        waitMs = this.#retryMs() - (clock.monotonic() - startedAtMs);
      } catch (error) {
        if (!term.holds()) {
          if (!(error instanceof NotLeadingError)) this.#failed(error, 1, retryPeriodMs);
          return;
        }
        waitMs = this.#failed(error, ++failures, retryPeriodMs);
      }
    }
  }

  /** It is a courtesy: the others would find out by themselves. */
  async #release(term: LeaseTerm): Promise<void> {
    try {
      await term.release();
    } catch (error) {
      this.#options.onError?.(error, 0);
    }
  }

  /** Tells of a failed try. @returns ms to wait before the next. */
  #failed(error: unknown, failures: number, capMs: number): number {
    const own = backoffMs(failures, { baseMs: this.#options.retryPeriodMs, capMs }, this.#random);
    const asked = error instanceof KubeApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    const waitMs = Math.max(own, Math.min(asked, capMs));
    if (!(error instanceof LeaseForbiddenError && error.again)) this.#options.onError?.(error, waitMs);
    return waitMs;
  }

  /** Until a candidate's next look. */
  #pauseMs(): number {
    const retryMs = this.#retryMs();
    const { leftMs } = this.#judge;
    if (leftMs === null) return retryMs;
    // Apart from one another, but soon after the moment they all wait for.
    const soonMs = (this.#options.retryPeriodMs / 10) * (1 + this.#random());
    return Math.min(retryMs, Math.max(0, leftMs) + soonMs);
  }

  /** The retry period or up to a quarter less, so that replicas that started together do not ask together. */
  #retryMs(): number {
    return this.#options.retryPeriodMs * (1 - this.#random() / 4);
  }

  /** So short that a request that hangs leaves time for another before the deadline. */
  get #requestMs(): number {
    return this.#options.renewDeadlineMs / 2;
  }

  #saw(lease: Lease | null): void {
    this.#judge.saw(lease);
    this.#holder = lease?.holder || null;
    this.#tell();
  }

  #tell(): void {
    const { leading, holder } = this;
    if (this.#told.leading === leading && this.#told.holder === holder) return;
    this.#told = { leading, holder };
    this.#options.onChange?.(this.#told);
  }

  #turn(): void {
    this.#turnedAtMs = this.#options.clock.monotonic();
  }
}

/** What `lead` threw, apart from failures of the election itself. */
class WorkFailed extends Error {
  constructor(cause: unknown) {
    super("the work failed", { cause });
  }
}

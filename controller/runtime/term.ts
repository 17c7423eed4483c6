import { SealError } from "../../shared/errors.ts";

/**
 * One spell of leading: while it lasts this process alone works on the cluster. Between two spells others may have led.
 */
export interface Term {
  /** Aborts when leading ends, of our own will or not. */
  readonly signal: AbortSignal;
  /** Whether we still lead by our own clocks; to be asked right before each write. */
  holds(): boolean;
  /** Annotations of the lease, as last read or written; empty where there is no lease. */
  readonly annotations: Readonly<Record<string, string>>;
  /**
   * Writes annotations onto the lease by compare-and-swap; those not named stay. Does nothing where there is no lease.
   * @throws NotLeadingError when somebody else leads by now; KubeApiError, KubeUnreachableError.
   */
  annotate(annotations: Readonly<Record<string, string>>): Promise<void>;
}

/** Something was about to be written that only the leader may write. */
export class NotLeadingError extends SealError {
  override readonly code = "not-leading";
  override readonly retryable = true;

  /** Names nothing: whoever leads now does the work. */
  constructor() {
    super("this replica does not lead", "nothing is lost: the leader does the work");
  }
}

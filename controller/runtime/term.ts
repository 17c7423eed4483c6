import { SealError } from "../../shared/errors.ts";

/** What stands beside a lease, by name. */
export type LeaseAnnotations = Readonly<Record<string, string>>;

/** What to write beside a lease; where it hangs on what stands there, it is asked right before it is written. */
export type AnnotationChange = LeaseAnnotations | ((standing: LeaseAnnotations) => LeaseAnnotations);

/**
 * One spell of leading: while it lasts this process alone works on the cluster. Between two spells others may have led.
 */
export interface Term {
  /** Aborts when leading ends, of our own will or not. */
  readonly signal: AbortSignal;
  /** Whether we still lead by our own clocks; to be asked right before each write. */
  holds(): boolean;
  /** Annotations of the lease, as last read or written; empty where there is no lease. */
  readonly annotations: LeaseAnnotations;
  /**
   * Writes annotations onto the lease by compare-and-swap; those not named stay. Does nothing where there is no lease.
   * @throws NotLeadingError when somebody else leads by now; KubeApiError, KubeUnreachableError.
   */
  annotate(change: AnnotationChange): Promise<void>;
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

/** The annotations to write over those that stand. */
export function changedFrom(standing: LeaseAnnotations, change: AnnotationChange): LeaseAnnotations {
  return typeof change === "function" ? change(standing) : change;
}

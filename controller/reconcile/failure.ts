import type { KubeApiError, KubeUnreachableError } from "../../shared/kube/api-error.ts";
import type { Reason } from "./conditions.ts";

/** Why an object cannot be carried out. */
export type Failure = {
  reason: Reason;
  /** For the condition. */
  message: string;
  /** Someone must change something first. */
  stalled: boolean;
  /** Milliseconds after which to look again, where that is known better than by counting attempts. */
  retryInMs?: number;
  /** Many objects fail for the very same cause at once: it is logged of each when it is news, not at each retry. */
  isShared?: true;
  /** The event that tells it, in the words dashboards match on. */
  event: { reason: "ErrUnsealFailed" | "ErrUpdateFailed"; message: string };
  /** Label of the error counter. */
  counter: "unseal" | "unmanaged" | "update";
};

/** A failure to write the Secret; one that passes is looked at again soon. */
export function updateFailed(reason: Reason, message: string, { stalled }: { stalled: boolean }): Failure {
  return { reason, message, stalled, event: { reason: "ErrUpdateFailed", message }, counter: "update" };
}

/**
 * A Secret stands in the way, told in words that people already search for.
 * @param why what more there is to it.
 */
export function notManaged(name: string, why: string | null): Failure {
  const message = `Resource "${name}" already exists and is not managed by SealedSecret${why === null ? "" : `: ${why}`}`;
  return {
    reason: "NotManaged",
    message: `failed update: ${message}`,
    stalled: true,
    event: { reason: "ErrUpdateFailed", message },
    counter: "unmanaged",
  };
}

/**
 * An answer of the API server, or none, as a failure of the object: its own text stays out, it may quote the Secret.
 * @param what what it was about, to be put before; ends in a colon.
 */
export function updateFailure(
  error: KubeApiError | KubeUnreachableError,
  what: string | null = null,
): Failure {
  const message = what === null ? error.message : `${what} ${error.message}`;
  return updateFailed("UpdateFailed", message, { stalled: !error.retryable });
}

/** What lies in a SealedSecret does not open, or cannot be read. */
export function unsealFailed(reason: Reason, message: string): Failure {
  const event = { reason: "ErrUnsealFailed" as const, message: `Failed to unseal: ${message}` };
  return { reason, message, stalled: true, event, counter: "unseal" };
}

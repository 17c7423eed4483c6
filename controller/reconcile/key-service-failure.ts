import type { KeyServiceError, KeyServiceFault } from "../../shared/seal/key-service-error.ts";
import type { Reason } from "./conditions.ts";
import type { Failure } from "./failure.ts";

const REASONS: Readonly<Record<KeyServiceFault, Reason>> = {
  unavailable: "KeyServiceUnavailable",
  throttled: "KeyServiceUnavailable",
  credentials: "KeyServiceUnavailable",
  denied: "KeyServiceRefused",
  unusable: "KeyServiceRefused",
  misused: "KeyServiceRefused",
  "not-allowed": "KeyNotAllowed",
};

/**
 * A key service that could not, or may not, be asked, as a failure of an object that needs it. Thousands of objects fail
 * for the same cause then, so each is logged when that is news only.
 */
export function keyServiceFailure({
  fault,
  message,
  hint,
  retryable,
  retryAfterMs,
}: KeyServiceError): Failure {
  const words = hint === "" ? message : `${message}; ${hint}`;
  return {
    reason: REASONS[fault],
    message: words,
    stalled: !retryable,
    ...(retryAfterMs === null ? {} : { retryInMs: retryAfterMs }),
    isShared: true,
    event: { reason: "ErrUnsealFailed", message: `Failed to unseal: ${words}` },
    counter: "unseal",
  };
}

import { SealError } from "../errors.ts";

/**
 * What a key service's refusal or silence means, whichever service it is; each has one reaction.
 * `unavailable`: no answer, or one that passes; `throttled`: asked too often; `credentials`: ours are missing, expired or
 * refused before anything was looked at. All three pass, and are tried again with growing waits.
 * `denied`: the service does not let us; `unusable`: the key is missing, disabled, or about to be deleted, or does not bind
 * values to their place. Both are tried again slowly, since someone has to change something there.
 * `not-allowed`: no allow-list of ours names the key, so the service was not asked; `misused`: the service takes what we
 * ask for as wrong. Both last until the object or our configuration changes.
 */
export type KeyServiceFault =
  | "unavailable"
  | "throttled"
  | "credentials"
  | "denied"
  | "unusable"
  | "not-allowed"
  | "misused";

const PASSING: ReadonlySet<KeyServiceFault> = new Set(["unavailable", "throttled", "credentials"]);

/** A key service could not, or may not, be used. Names the service, the key and the cause in our own words. */
export class KeyServiceError extends SealError {
  override readonly code = "key-service";
  readonly fault: KeyServiceFault;
  override readonly retryable: boolean;
  /** Milliseconds after which it is worth another try, where that is known. */
  readonly retryAfterMs: number | null;

  constructor(
    fault: KeyServiceFault,
    message: string,
    hint: string,
    { retryAfterMs = null, ...options }: ErrorOptions & { retryAfterMs?: number | null } = {},
  ) {
    super(message, hint, options);
    this.fault = fault;
    this.retryable = PASSING.has(fault);
    this.retryAfterMs = retryAfterMs;
  }
}

import { wordsOf } from "../errors.ts";
import { KeyServiceError } from "../seal/key-service-error.ts";

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/** What a session's time and chance are. */
type Source = { monotonic(): number; random(): number };

/**
 * Keeps a failed login from being tried anew at once, however many ask: whoever comes before the time is told what the
 * last one came to. The pause begins at a second and doubles to thirty, a quarter less by chance; Vault may ask for more.
 */
export class LoginPause {
  readonly #source: Source;
  #failed: { error: KeyServiceError; pauseMs: number; untilMs: number } | null = null;

  constructor(source: Source) {
    this.#source = source;
  }

  /** What to tell instead of logging in, null when a login may be tried. */
  get reason(): KeyServiceError | null {
    const leftMs = this.#failed === null ? 0 : this.#failed.untilMs - this.#source.monotonic();
    if (this.#failed === null || leftMs <= 0) return null;
    const { fault, message, hint } = this.#failed.error;
    return new KeyServiceError(fault, message, hint, { retryAfterMs: leftMs });
  }

  /** @returns the failure as it is to be told. */
  begin(failure: unknown, address: string): KeyServiceError {
    const error = failure instanceof KeyServiceError ? failure : unforeseen(failure, address);
    const pauseMs = Math.min(LONGEST_MS, this.#failed === null ? FIRST_MS : this.#failed.pauseMs * 2);
    const waitMs = Math.max(error.retryAfterMs ?? 0, pauseMs * (1 - this.#source.random() / 4));
    this.#failed = { error, pauseMs, untilMs: this.#source.monotonic() + waitMs };
    return error;
  }

  end(): void {
    this.#failed = null;
  }
}

function unforeseen(error: unknown, address: string): KeyServiceError {
  return new KeyServiceError(
    "credentials",
    `the login to Vault at ${address} failed: ${wordsOf(error)}`,
    "check the role and where the token of the ServiceAccount comes from",
  );
}

/** Base of every error we mean to show. Holds no plaintext, key material or token. */
export abstract class SealError extends Error {
  /** Stable name of the kind of failure: tests, scripts and metrics match on it. */
  abstract readonly code: string;
  /** The next thing the reader can do. One sentence, no line breaks. */
  readonly hint: string;
  /** True when the same input may succeed later without anyone changing it. */
  readonly retryable: boolean = false;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.hint = hint;
  }
}

/** The command line itself is wrong: unknown flag, value of the wrong form. Exit code 2. */
export class UsageError extends SealError {
  override readonly code: string = "usage";
}

/** A document given to us is not what it must be. The message names the document and the field. */
export class InputError extends SealError {
  override readonly code: string = "input";
}

/** A file or stream could not be read or written. */
export class FileError extends SealError {
  override readonly code: string = "file";
}

/** What may be told of any error: our own words, or that it was not foreseen. The text of others may quote anything. */
export function wordsOf(error: unknown): string {
  return error instanceof SealError ? error.message : "unexpected error";
}

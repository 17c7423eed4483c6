import { InputError, SealError } from "../../errors.ts";

/**
 * What is wrong with a document; each has one name that scripts and tests match on.
 * `no-metadata`: it has no mapping `sops`; `metadata`: that mapping is not what it must be; `rule`: its rule of selection
 * is no regular expression, or one that we do not try; `no-mac`, `mac-mismatch`: the message authentication code is missing,
 * or is not that of the content; `not-encrypted`: a value that the rule selects stands in clear; `malformed-value`: it begins
 * as an encrypted one, and is none; `not-authentic`: it does not open under the data key at its path; `wrong-type`: it opens,
 * and is not what its type says; `structure`: a value or a nesting that SOPS documents cannot hold; `reserved`: an entry
 * `sops` in what is to be encrypted; `recipients`: nobody to encrypt for, or a threshold that does not fit; `not-rewrappable`: an
 * entry of a service that we do not have stands in the way of new keys.
 */
export type SopsProblem =
  | "no-metadata"
  | "metadata"
  | "rule"
  | "no-mac"
  | "mac-mismatch"
  | "not-encrypted"
  | "malformed-value"
  | "not-authentic"
  | "wrong-type"
  | "structure"
  | "reserved"
  | "recipients"
  | "not-rewrappable";

/** A SOPS document is refused. The message names document and path, never a value. */
export class SopsError extends InputError {
  override readonly code = "sops";
  readonly problem: SopsProblem;

  constructor(problem: SopsProblem, message: string, hint: string) {
    super(message, hint);
    this.problem = problem;
  }
}

/** The data key of a document could not be had. The message tells of each entry that was tried. */
export class SopsKeyError extends SealError {
  override readonly code = "sops-key";
  /** One for each entry that did not open, in the order in which they were tried. */
  readonly problems: readonly SealError[];
  override readonly retryable: boolean;

  constructor(message: string, hint: string, problems: readonly SealError[]) {
    super(message, hint);
    this.problems = problems;
    this.retryable = problems.some(({ retryable }) => retryable);
  }
}

import { UsageError } from "../../shared/errors.ts";

/**
 * What was to be looked at could not be. It ends as a wrong command line does, so that nobody takes it for findings, or for
 * the want of them.
 */
export class UnlookedError extends UsageError {
  override readonly code: string = "unlooked";
}

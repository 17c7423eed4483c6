import { SealError, UsageError } from "../shared/errors.ts";
import { codeOf } from "./file-failure.ts";
import type { Io } from "./io.ts";
import { oneLine } from "./shown-text.ts";

/** Done. */
export const EXIT_DONE = 0;
/** Refused or failed. */
export const EXIT_FAILED = 1;
/** The command line is wrong. */
export const EXIT_USAGE = 2;

/**
 * Runs something that ends in an exit code; prints one `error:` and one `hint:` line when it cannot.
 * @returns the exit code; never rejects.
 */
export async function reporting(io: Io, body: () => Promise<number>): Promise<number> {
  try {
    return await body();
  } catch (error) {
    // The reader of our output went away: nothing is left to say to it.
    if (codeOf(error) === "EPIPE") return EXIT_FAILED;
    const { message, hint } = error instanceof SealError ? error : unexpected(error);
    io.stderr.write(`error: ${oneLine(message)}\nhint: ${oneLine(hint)}\n`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
  }
}

/** A failure nobody foresaw. Its text may quote input, so only its kind is told. */
function unexpected(error: unknown): { message: string; hint: string } {
  return {
    message: `unexpected failure (${codeOf(error)})`,
    hint: "this is a fault in signet: please report it with the command line, but without any secret",
  };
}

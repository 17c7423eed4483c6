import { SealError, UsageError } from "../shared/errors.ts";
import { readArguments } from "./arguments.ts";
import { codeOf } from "./file-failure.ts";
import type { Io } from "./io.ts";
import { modeFor } from "./modes.ts";
import { kubesealOptions, variableOf } from "./options.ts";
import { versionLine } from "./version.ts";

/** Done. */
export const EXIT_DONE = 0;
/** Refused or failed. */
export const EXIT_FAILED = 1;
/** The command line is wrong. */
export const EXIT_USAGE = 2;

/**
 * Runs the program: reads its arguments, does what they ask, prints one `error:` and one `hint:` line when it cannot.
 * @returns the exit code.
 */
export async function run(io: Io): Promise<number> {
  try {
    await runCommand(io);
    return EXIT_DONE;
  } catch (error) {
    // The reader of our output went away: nothing is left to say to it.
    if (codeOf(error) === "EPIPE") return EXIT_FAILED;
    const { message, hint } = error instanceof SealError ? error : unexpected(error);
    io.stderr.write(`error: ${oneLine(message)}\nhint: ${oneLine(hint)}\n`);
    return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
  }
}

async function runCommand(io: Io): Promise<void> {
  const { options, positionals } = readArguments(kubesealOptions, io.args, io.env);
  if (options.help) {
    const { helpText } = await import("./help.ts");
    io.stdout.write(helpText(io.program, kubesealOptions, variableOf("controller-name")));
    return;
  }
  if (options.version) {
    io.stdout.write(`${versionLine(io.program)}\n`);
    return;
  }
  const [word] = positionals;
  if (word !== undefined) {
    throw new UsageError(
      `unexpected argument ${JSON.stringify(word)}`,
      "give the file with -f FILE, or on standard input",
    );
  }
  const mode = modeFor(options);
  await mode.run({ options, io });
}

/** A failure nobody foresaw. Its text may quote input, so only its kind is told. */
function unexpected(error: unknown): { message: string; hint: string } {
  return {
    message: `unexpected failure (${codeOf(error)})`,
    hint: "this is a fault in signet: please report it with the command line, but without any secret",
  };
}

/** Names from a document may hold line breaks and what a terminal takes for commands. */
function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, " ").replace(/\p{Cc}/gu, "\ufffd");
}

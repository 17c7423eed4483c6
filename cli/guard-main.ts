import { readArguments } from "./arguments.ts";
import { guard } from "./commands/guard.ts";
import type { Io } from "./io.ts";
import { EXIT_DONE, reporting } from "./report.ts";
import { runToExit } from "./system-io.ts";

/**
 * `signet guard` as a program of its own: it runs at each commit, and loads nothing of what seals. Help is another
 * program's, and so is what is odd about a command line.
 */
function runGuard(io: Io): Promise<number> {
  return reporting(io, async () => {
    const [, ...rest] = io.args;
    const { options, positionals } = readArguments(guard.options, rest, {});
    if (options.help || rest.some((word) => isFlagAndFile(word, io))) {
      const { runAny } = await import("./any-command.ts");
      return runAny(io);
    }
    await guard.run({ options, positionals, io });
    return EXIT_DONE;
  });
}

function isFlagAndFile(word: string, { files }: Io): boolean {
  return /^-./.test(word) && files.kindOf(word) !== null;
}

runToExit(runGuard);

import { readArguments } from "./arguments.ts";
import { isCommandWord } from "./command-words.ts";
import { seal } from "./commands/seal.ts";
import type { Io } from "./io.ts";
import { modeOf } from "./modes.ts";
import { kubesealOptions } from "./options.ts";
import { EXIT_DONE, reporting } from "./report.ts";

/**
 * Runs the program: reads its arguments, does what they ask, prints one `error:` and one `hint:` line when it cannot.
 * Sealing a stream is done here at once; all else is loaded, since what is loaded is what a start costs.
 * @returns the exit code.
 */
export function run(io: Io): Promise<number> {
  return reporting(io, async () => {
    if (!isCommandWord(io.args[0])) {
      const { options, positionals } = readArguments(kubesealOptions, io.args, io.env);
      if (options["recovery-private-key"].length > 0 && !options["recovery-unseal"] && io.stderr.isTerminal) {
        io.stderr.write(
          "warning: ignoring --recovery-private-key because unseal command not chosen with --recovery-unseal\n",
        );
      }
      const isStream = positionals.length === 0 && !options["in-place"] && options["output-dir"] === null;
      if (isStream && !options.help && !options.version && modeOf(options) === "seal") {
        await seal.run({ options, positionals, io });
        return EXIT_DONE;
      }
    }
    const { runAny } = await import("./any-command.ts");
    return runAny(io);
  });
}

import type { Io } from "./io.ts";
import { keepingInput } from "./kept-input.ts";
import { renderAlone } from "./render/render-alone.ts";
import { EXIT_DONE, reporting } from "./report.ts";
import { runToExit } from "./system-io.ts";

/**
 * `signet render` of single files as a program of its own, for loops over files and for filters: most of what rendering one
 * document takes is what Node loads. What it does not have is done by the whole program from the beginning.
 */
function runRender(io: Io): Promise<number> {
  return reporting(io, async () => {
    const kept = keepingInput(io);
    if (await renderAlone(kept)) return EXIT_DONE;
    const { runAny } = await import("./any-command.ts");
    return runAny(kept);
  });
}

runToExit(runRender);

import { readArguments } from "../arguments.ts";
import { render } from "../commands/render.ts";
import type { Io } from "../io.ts";
import { variablesFor } from "../shared-variables.ts";
import { wholeProgram } from "../whole-program.ts";

/**
 * Renders files as far as this bundle goes: it has what opens values with keys at hand. What takes a network, a terminal or a
 * seldom library is the whole program's.
 * @returns false when the whole program is to do it; nothing has been said or written then.
 * @throws SealError
 */
export async function renderAlone(io: Io): Promise<boolean> {
  const [, ...rest] = io.args;
  const read = argumentsOf(rest, io);
  if (read === null || read.options.help || rest.some((word) => /^-./.test(word) && isThere(word, io)))
    return false;
  const { positionals } = read;
  // Of a folder or a stream, a second beginning may cost more than a start.
  if (positionals.length === 0 || !positionals.every((path) => io.files.kindOf(path) === "file"))
    return false;
  const said: (string | Uint8Array)[] = [];
  const sayAll = () => {
    for (const content of said.splice(0)) io.stderr.write(content);
  };
  const beforeWriting = () => {
    if (wholeProgram.isNeeded) throw new Error("the whole program writes");
    sayAll();
  };
  let failure: { error: unknown } | null = null;
  try {
    await render.run({ ...read, io: withheld(io, (content) => said.push(content), beforeWriting) });
  } catch (error) {
    failure = { error };
  }
  if (wholeProgram.isNeeded) return false;
  sayAll();
  if (failure !== null) throw failure.error;
  return true;
}

/** @returns null when they are wrong, which the whole program says. */
function argumentsOf(words: readonly string[], io: Io) {
  try {
    return readArguments(render.options, words, variablesFor(render.options, io.env));
  } catch {
    return null;
  }
}

function isThere(word: string, { files }: Io): boolean {
  return files.kindOf(word) !== null;
}

/** What is said waits, and whatever is written asks before. */
function withheld(io: Io, say: (content: string | Uint8Array) => void, beforeWriting: () => void): Io {
  return {
    ...io,
    stderr: { isTerminal: io.stderr.isTerminal, write: say },
    stdout: {
      isTerminal: io.stdout.isTerminal,
      write(content) {
        beforeWriting();
        io.stdout.write(content);
      },
    },
    files: {
      ...io.files,
      replace(...file) {
        beforeWriting();
        io.files.replace(...file);
      },
      makeFolder(path) {
        beforeWriting();
        io.files.makeFolder(path);
      },
    },
  };
}

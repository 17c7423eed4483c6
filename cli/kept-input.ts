import type { Io } from "./io.ts";

/** Standard input can be read once only; who goes on with the work gets what was read. */
export function keepingInput(io: Io): Io {
  let content: Uint8Array | null = null;
  return {
    ...io,
    stdin: {
      get isTerminal() {
        return content === null && io.stdin.isTerminal;
      },
      read() {
        content ??= io.stdin.read();
        return content;
      },
    },
  };
}

import { spawn } from "node:child_process";

/** Identities and the like; more is no answer. */
const MOST_BYTES = 1024 * 1024;

/**
 * Runs a program to its end, without a shell; it reads, and says errors, where this process does.
 * @param words the program and its arguments.
 * @returns what it printed; null when it could not be started, failed, or printed more than 1 MiB.
 */
export function runProgram(
  [program = "", ...args]: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Uint8Array | null> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { env, stdio: ["inherit", "pipe", "inherit"], windowsHide: true });
    const pieces: Buffer[] = [];
    let length = 0;
    child.stdout.on("data", (piece: Buffer) => {
      length += piece.length;
      if (length > MOST_BYTES) child.kill();
      else pieces.push(piece);
    });
    child.on("error", () => resolve(null));
    child.on("close", (code) => {
      resolve(code === 0 && length <= MOST_BYTES ? new Uint8Array(Buffer.concat(pieces)) : null);
      for (const piece of pieces) piece.fill(0);
    });
  });
}

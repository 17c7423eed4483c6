import { closeSync, openSync } from "node:fs";
import { ReadStream, WriteStream } from "node:tty";
import { readTyped } from "./typed-secret.ts";

/** The process that asks, as far as it matters here. */
export type AskingProcess = { platform: string; pid: number; kill(pid: number, signal: string): unknown };

/**
 * Asks for a secret on the terminal that this process belongs to, whatever its standard streams are; what is typed is not
 * shown.
 * @returns null when there is no terminal, or nothing was typed.
 */
export async function askSecret(prompt: string, asking: AskingProcess): Promise<string | null> {
  const descriptors = openTerminal(asking.platform === "win32");
  if (descriptors === null) return null;
  const [input, output] = [new ReadStream(descriptors.read), new WriteStream(descriptors.write)];
  try {
    input.setRawMode(true);
    output.write(prompt);
    const typed = await readTyped(input);
    output.write("\r\n");
    if (typed !== "interrupted") return typed.text === "" ? null : typed.text;
  } finally {
    input.setRawMode(false);
    input.destroy();
    output.destroy();
  }
  // Whoever types Ctrl-C ends the program, as without raw mode.
  asking.kill(asking.pid, "SIGINT");
  return null;
}

function openTerminal(isWindows: boolean): { read: number; write: number } | null {
  let read: number | null = null;
  try {
    read = openSync(isWindows ? "CONIN$" : "/dev/tty", "r");
    return { read, write: openSync(isWindows ? "CONOUT$" : "/dev/tty", "w") };
  } catch {
    if (read !== null) closeSync(read);
    return null;
  }
}

import { type ChildProcess, spawn } from "node:child_process";

/** How a program ended, and its standard output where that was kept. */
export type Ending = { code: number; output: string };

const graceMs = 5_000;
const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const living = new Set<ChildProcess>();
let stopped = false;

/** Lets Ctrl-C and its like end everything that was started here, with all that it started, and then this process. */
export function endChildrenOnSignals(): void {
  for (const signal of stopSignals) {
    process.on(signal, () => {
      // A second Ctrl-C asks for more haste.
      for (const child of living) signalGroup(child, stopped ? "SIGKILL" : "SIGTERM");
      stopped = true;
      setTimeout(() => {
        for (const child of living) signalGroup(child, "SIGKILL");
      }, graceMs).unref();
    });
  }
  process.on("exit", () => {
    for (const child of living) signalGroup(child, "SIGKILL");
  });
}

/** @returns whether a signal has asked this run to end. */
export function isStopped(): boolean {
  return stopped;
}

/**
 * Runs a program in a process group of its own, so that it can be ended with all that it started.
 * @param keepOutput whether its standard output is returned, beside being shown.
 */
export function runProgram(
  command: string,
  args: readonly string[],
  options: { cwd: string; keepOutput?: boolean },
): Promise<Ending> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    stdio: ["ignore", options.keepOutput === true ? "pipe" : "inherit", "inherit"],
    detached: true,
  });
  living.add(child);
  let output = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    process.stdout.write(text);
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      living.delete(child);
      reject(new Error(`cannot start ${command}: ${error.message}`));
    });
    child.on("close", (code) => {
      living.delete(child);
      resolve({ code: code ?? 1, output });
    });
  });
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended by itself in the meantime.
  }
}

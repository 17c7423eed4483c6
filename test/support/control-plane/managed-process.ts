import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import type { Readable } from "node:stream";

/** What to start. */
export type ProcessOptions = {
  /** How errors call it. */
  name: string;
  /** Absolute path of the binary. */
  command: string;
  args: readonly string[];
  /** The whole environment; by default this process's own. */
  env?: NodeJS.ProcessEnv;
  /** How much of the output is kept, from its end. 1 MiB by default. */
  keepOutputBytes?: number;
};

/** A running process of a test: its output, and its end. Its pid is the program's own. */
export type ManagedProcess = {
  readonly name: string;
  readonly pid: number;
  /** Standard output and error as they came, as far as they are kept. */
  output(): string;
  /** The last `count` lines of the output, for error messages. */
  lastLines(count?: number): string;
  /** @returns whether it has ended. */
  hasEnded(): boolean;
  /**
   * Waits for its end.
   * @returns its exit code, or the signal that ended it.
   * @throws Error with the last lines when it still runs after `boundMs` (90 s by default).
   */
  waitForEnd(boundMs?: number): Promise<number | NodeJS.Signals>;
  /**
   * Waits until the output holds a match.
   * @throws Error with the last lines when the process ends or `boundMs` passes before.
   */
  waitForOutput(pattern: RegExp, boundMs?: number): Promise<RegExpExecArray>;
  /** Sends a signal, such as SIGHUP. */
  signal(signal: NodeJS.Signals): void;
  /** Ends it: SIGTERM, then SIGKILL after `graceMs`. Does nothing when it has ended already. */
  stop(graceMs?: number): Promise<void>;
};

const living = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of living) child.kill("SIGKILL");
});

/**
 * Starts a process that lives until it is stopped, or until this one ends. It does not keep this one alive.
 * @throws Error when the binary cannot be started.
 */
export async function startProcess(options: ProcessOptions): Promise<ManagedProcess> {
  const { name, keepOutputBytes = 1024 * 1024 } = options;
  const child = spawn(options.command, options.args, {
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.env === undefined ? {} : { env: options.env }),
  });
  const closed = new Promise<number | NodeJS.Signals>((resolve) => {
    // "close" rather than "exit": the output is complete then.
    child.on("close", (code, signal) => {
      living.delete(child);
      resolve(code ?? signal ?? "SIGKILL");
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) =>
      reject(new Error(`cannot start ${name} (${options.command}): ${error.message}`)),
    );
  });
  living.add(child);
  const output = collect([child.stdout, child.stderr], keepOutputBytes);
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const lastLines = (count = 20): string => output.text().trimEnd().split("\n").slice(-count).join("\n");
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} has no process id`);
  // A test that forgets to stop it shall end all the same, and take it along.
  child.unref();

  const closedWithin = async (boundMs: number): Promise<number | NodeJS.Signals | null> => {
    const { promise, resolve } = Promise.withResolvers<null>();
    const timer = setTimeout(() => resolve(null), boundMs);
    const first = await Promise.race([closed, promise]);
    clearTimeout(timer);
    return first;
  };

  return {
    name,
    pid,
    output: output.text,
    lastLines,
    hasEnded,
    async waitForEnd(boundMs = 90_000) {
      const result = await closedWithin(boundMs);
      if (result === null) throw new Error(`${name} still runs after ${boundMs} ms:\n${lastLines()}`);
      return result;
    },
    async waitForOutput(pattern, boundMs = 90_000) {
      const deadline = Date.now() + boundMs;
      for (;;) {
        const match = pattern.exec(output.text());
        if (match !== null) return match;
        const why = hasEnded() ? "ended" : Date.now() > deadline ? `did not within ${boundMs} ms` : null;
        if (why !== null) throw new Error(`${name} was to print ${pattern} but ${why}:\n${lastLines()}`);
        await output.more(250);
      }
    },
    signal(signal) {
      child.kill(signal);
    },
    async stop(graceMs = 5_000) {
      if (!hasEnded()) child.kill("SIGTERM");
      if ((await closedWithin(graceMs)) !== null) return;
      child.kill("SIGKILL");
      if ((await closedWithin(10_000)) === null) throw new Error(`${name} (pid ${pid}) does not end`);
    },
  };
}

type Collected = { text(): string; more(boundMs: number): Promise<void> };

function collect(streams: readonly Readable[], keepBytes: number): Collected {
  let kept = "";
  let listeners: (() => void)[] = [];
  for (const stream of streams) {
    if (stream instanceof Socket) stream.unref();
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      kept += text;
      // Cut at twice the size only, so that a chatty process does not copy the whole text at every line.
      if (kept.length > 2 * keepBytes) kept = kept.slice(-keepBytes);
      for (const listener of listeners) listener();
      listeners = [];
    });
  }
  return {
    text: () => kept.slice(-keepBytes),
    more: (boundMs) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, boundMs);
        listeners.push(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

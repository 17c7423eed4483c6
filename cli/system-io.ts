import { fstatSync, readSync, writeSync } from "node:fs";
import { basename } from "node:path";
import type { Io, Output } from "./io.ts";
import { systemFiles } from "./system-files.ts";
import { INTERRUPTIONS, whenInterrupted } from "./system-interruption.ts";

const READ_BYTES = 65_536;
const BUSY_WAIT_MS = 5;

/** What the machine gives. The sole reader of `process`: everything else is handed what it may use. */
export const systemIo: Io = {
  args: process.argv.slice(2),
  program: programName(process.argv[1] ?? ""),
  env: process.env,
  stdin: { isTerminal: isTerminal(0), read: readStandardInput },
  stdout: output(1),
  // What nobody can be told must not keep the work from being done: a reader may go away after the first line.
  stderr: forgiving(output(2)),
  files: { ...systemFiles, replace: replaceWhole, create: createWhole },
  now: () => new Date(),
  fetch: async (url, init) => (await import("./web-fetch.ts")).webFetch(url, init, process.env),
  askSecret: async (prompt) => (await import("./system-terminal.ts")).askSecret(prompt, process),
  runProgram: async (words, variables) =>
    (await import("./system-program.ts")).runProgram(words, { ...process.env, ...variables }),
  editing: async () => (await import("./system-editor.ts")).systemEditing(process),
  whenInterrupted: async (lastWords) => whenInterrupted(process, lastWords),
  git: async (args) => (await import("./system-git.ts")).startGit(args, process.env),
};

/** The name it was called by, through whatever link; anything else is the product's own. */
function programName(path: string): string {
  return /^(?:kubeseal|kubectl-signet)$/.exec(basename(path, ".mjs"))?.[0] ?? "signet";
}

/** Only a device can be a terminal; the module that knows for sure is loaded for devices alone, as it takes its time. */
function isTerminal(descriptor: number): boolean {
  try {
    if (process.platform !== "win32" && !fstatSync(descriptor).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  return process.getBuiltinModule("node:tty").isatty(descriptor);
}

// Standard streams opened as files: Node's own stream classes cost a tenth of the start-up time.
function output(descriptor: number): Output {
  return {
    isTerminal: isTerminal(descriptor),
    write(content) {
      const bytes = typeof content === "string" ? Buffer.from(content) : content;
      for (let at = 0; at < bytes.length; ) at += writeSome(descriptor, bytes, at);
    },
  };
}

function forgiving({ isTerminal, write }: Output): Output {
  return {
    isTerminal,
    write(content) {
      try {
        write(content);
      } catch {}
    },
  };
}

/** Writes what fits; a pipe that another program made non-blocking may be full for a moment. */
function writeSome(descriptor: number, bytes: Uint8Array, at: number): number {
  return unlessBusy(() => writeSync(descriptor, bytes, at)) ?? 0;
}

/**
 * Replaces a file. From the first one on, an interruption ends the program between two files and not amid one, which
 * would leave a temporary file behind.
 */
function replaceWhole(...file: Parameters<typeof systemFiles.replace>): void {
  endBetweenFiles();
  systemFiles.replace(...file);
}

/** Makes a file, which what follows at once removes again: whoever waits to make it can be interrupted until it is there. */
function createWhole(...file: Parameters<typeof systemFiles.create>): void {
  systemFiles.create(...file);
  endBetweenFiles();
}

function endBetweenFiles(): void {
  if (process.listenerCount("SIGINT") === 0) whenInterrupted(process, () => undefined);
}

function readStandardInput(): Uint8Array {
  // Whoever does not want to go on typing is not made to wait: nothing else is heard meanwhile.
  for (const signal of INTERRUPTIONS) process.removeAllListeners(signal);
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = Buffer.allocUnsafe(READ_BYTES);
    const count = unlessBusy(() => readSync(0, chunk));
    if (count === 0) return Buffer.concat(chunks);
    if (count !== null) chunks.push(chunk.subarray(0, count));
  }
}

/** What a call on a descriptor gives, or null after a short wait when the other end is not ready. */
function unlessBusy(call: () => number): number | null {
  try {
    return call();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    // How Windows says that a pipe has ended.
    if (code === "EOF") return 0;
    if (code !== "EAGAIN") throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_WAIT_MS);
    return null;
  }
}

/** Runs the program to its end, which is the process's: its exit code is what comes of it. */
export function runToExit(program: (io: Io) => Promise<number>): void {
  void program(systemIo).then((code) => {
    process.exitCode = code;
  });
}

#!/usr/bin/env node
import { fstatSync, readFileSync, writeSync } from "node:fs";
import { basename } from "node:path";
import type { Io, Output } from "./io.ts";
import { run } from "./run.ts";
import { systemFiles } from "./system-files.ts";

// The sole reader of `process`: everything else is handed what it may use.
const io: Io = {
  args: process.argv.slice(2),
  program: programName(process.argv[1] ?? ""),
  env: process.env,
  stdin: { isTerminal: isTerminal(0), read: () => readFileSync(0) },
  stdout: output(1),
  stderr: output(2),
  files: systemFiles,
  now: () => new Date(),
  fetch: (url, init) => fetch(url, init),
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

/** Writes what fits; a pipe that another program made non-blocking may be full for a moment. */
function writeSome(descriptor: number, bytes: Uint8Array, at: number): number {
  try {
    return writeSync(descriptor, bytes, at);
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "EAGAIN") throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    return 0;
  }
}

process.exitCode = await run(io);

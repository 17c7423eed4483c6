import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const ENTRIES = { cli: join(root, "cli", "main.ts"), controller: join(root, "controller", "main.ts") };
const STOP_MS = 15_000;

/** What a finished program left. */
export type Finished = { code: number | null; stdout: string; stderr: string };

/** Runs `signet` with these arguments to its end. */
export async function runSignet(
  args: readonly string[],
  stdin: string,
  env: Readonly<Record<string, string>>,
): Promise<Finished> {
  const child = start(ENTRIES.cli, args, env);
  const output = Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  child.stdin?.end(stdin);
  await once(child, "close");
  const [stdout, stderr] = await output;
  return { code: child.exitCode, stdout, stderr };
}

/** A controller that runs until it is stopped. */
export type RunningController = { log: () => string; hasEnded: () => boolean; stop: () => Promise<void> };

/** Starts the controller with these arguments. */
export function runController(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): RunningController {
  const child = start(ENTRIES.controller, args, env);
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  }
  const closed = once(child, "close");
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  return {
    log: () => log,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    async stop() {
      child.kill("SIGTERM");
      const timer = setTimeout(kill, STOP_MS);
      await closed;
      clearTimeout(timer);
      process.removeListener("exit", kill);
    },
  };
}

function start(entry: string, args: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, ["--disable-warning=ExperimentalWarning", entry, ...args], {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = "";
  for await (const chunk of stream?.setEncoding("utf8") ?? []) text += chunk;
  return text;
}

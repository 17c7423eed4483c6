import { spawn } from "node:child_process";

/** What a program gave until it ended by itself. */
export type CommandResult = { code: number; stdout: string; stderr: string };

/** How a program is run beside its arguments. */
export type ProgramOptions = {
  cwd?: string;
  /** Its whole environment; this process's by default. */
  env?: NodeJS.ProcessEnv;
  stdin?: string | Uint8Array;
  /** Who runs it; this process's user by default. */
  user?: { uid: number; gid: number };
  /** Milliseconds after which it is killed; 60 s by default. */
  boundMs?: number;
};

/**
 * Runs a program to its end.
 * @throws Error when it cannot be started, or is ended by a signal, as it is when it takes too long.
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<CommandResult> {
  const { cwd, env = process.env, stdin = "", user, boundMs = 60_000 } = options;
  const child = spawn(command, args, {
    env,
    ...(cwd === undefined ? {} : { cwd }),
    ...(user ?? {}),
    stdio: ["pipe", "pipe", "pipe"],
    timeout: boundMs,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  // It may end without having read all of it.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code === null) {
    throw new Error(`${command} ${args.join(" ")} was ended by ${child.signalCode}:\n${stderr}`);
  }
  return { code, stdout, stderr };
}

import { spawn } from "node:child_process";

/** What a program did. */
export type ProgramResult = { code: number | null; stdout: string; stderr: string };

/** How a program is run beside its arguments. */
export type ProgramOptions = {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  stdin?: string;
  /** Who runs it; this process's user by default. */
  user?: { uid: number; gid: number };
  /** Milliseconds after which it is killed; 60 s by default. */
  boundMs?: number;
};

/**
 * Runs a program to its end.
 * @throws Error when it cannot be started.
 */
export function runProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
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
  // One that does not read its input ends all the same.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

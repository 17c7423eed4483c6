import { spawn } from "node:child_process";
import { join } from "node:path";
import type { CommandResult } from "./control-plane/kubeseal.ts";

/** What a run of our CLI is given beside its arguments. */
export type SignetInput = {
  /** Standard input; empty by default. */
  stdin?: string | Uint8Array;
  /** Environment beyond a bare one without any kubeconfig or home: KUBECONFIG, say. */
  env?: Readonly<Record<string, string>>;
  /** From its sources, by default, or from the bundle that `npm run build` left in dist/, which starts sooner. */
  from?: "source" | "dist";
  /** Working directory; this process's by default. */
  cwd?: string;
};

const root = join(import.meta.dirname, "../..");
const programs = { source: "cli/main.ts", dist: "dist/signet.mjs" };
const boundMs = 60_000;

/**
 * Runs our CLI as a process, to its end.
 * @throws Error when it does not end within a minute.
 */
export async function runSignet(args: readonly string[], input: SignetInput = {}): Promise<CommandResult> {
  const child = spawn(process.execPath, [join(root, programs[input.from ?? "source"]), ...args], {
    env: { PATH: process.env["PATH"], ...input.env },
    stdio: ["pipe", "pipe", "pipe"],
    ...(input.cwd === undefined ? {} : { cwd: input.cwd }),
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
  child.stdin.end(input.stdin ?? "");
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code === null) throw new Error(`signet was ended by a signal (${child.signalCode}):\n${stderr}`);
  return { code, stdout, stderr };
}

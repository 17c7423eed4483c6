import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { ensureRealComponents } from "../../tools/real-components.ts";

/** What one run of a command line program gave. */
export type CommandResult = { code: number; stdout: string; stderr: string };

/** What a run of kubeseal is given beside its arguments. */
export type KubesealInput = {
  /** Standard input; empty by default. */
  stdin?: string;
  /** Environment beyond a bare one without any kubeconfig: KUBECONFIG, say. */
  env?: Readonly<Record<string, string>>;
  /** Working directory; this process's by default. */
  cwd?: string;
};

const boundMs = 60_000;

/**
 * Runs the reference's kubeseal to its end.
 * @throws Error when it does not end within a minute.
 */
export async function runKubeseal(
  args: readonly string[],
  input: KubesealInput = {},
): Promise<CommandResult> {
  const { kubeseal } = await ensureRealComponents(["kubeseal"]);
  const child = spawn(kubeseal, args, {
    env: { PATH: process.env["PATH"], HOME: tmpdir(), ...input.env },
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
  if (code === null)
    throw new Error(`kubeseal ${args.join(" ")} was ended by a signal (${child.signalCode}):\n${stderr}`);
  return { code, stdout, stderr };
}

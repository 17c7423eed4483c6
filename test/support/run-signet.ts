import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CommandResult, KubesealInput } from "./control-plane/kubeseal.ts";

const main = join(import.meta.dirname, "..", "..", "cli", "main.ts");
const boundMs = 60_000;

/**
 * Runs our CLI to its end in a process of its own, with no environment but what is given.
 * @throws Error when it does not end within a minute.
 */
export async function runSignet(args: readonly string[], input: KubesealInput = {}): Promise<CommandResult> {
  const child = spawn(process.execPath, [main, ...args], {
    // A home that is not there: no kubeconfig, no record of certificates.
    env: { HOME: join(tmpdir(), "signet-no-home", "none"), XDG_STATE_HOME: "/dev/null", ...input.env },
    timeout: boundMs,
    killSignal: "SIGKILL",
    ...(input.cwd === undefined ? {} : { cwd: input.cwd }),
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
    child.on("error", reject).on("close", resolve);
  });
  if (code === null) throw new Error(`signet ${args.join(" ")} was ended by ${child.signalCode}:\n${stderr}`);
  return { code, stdout, stderr };
}

import { tmpdir } from "node:os";
import { ensureRealComponents } from "../../tools/real-components.ts";
import { type CommandResult, runProgram } from "../run-program.ts";

/** What a run of kubeseal is given beside its arguments. */
export type KubesealInput = {
  /** Standard input; empty by default. */
  stdin?: string;
  /** Environment beyond a bare one without any kubeconfig: KUBECONFIG, say. */
  env?: Readonly<Record<string, string>>;
  /** Working directory; this process's by default. */
  cwd?: string;
};

/**
 * Runs the reference's kubeseal to its end.
 * @throws Error when it does not end within a minute.
 */
export async function runKubeseal(
  args: readonly string[],
  { env, ...input }: KubesealInput = {},
): Promise<CommandResult> {
  const { kubeseal } = await ensureRealComponents(["kubeseal"]);
  return runProgram(kubeseal, args, { ...input, env: { PATH: process.env["PATH"], HOME: tmpdir(), ...env } });
}

import { join } from "node:path";
import { compileCache } from "../runner/compile-cache.ts";
import { cliProgram } from "./built-programs.ts";
import { type CommandResult, runProgram } from "./run-program.ts";

/** What a run of our CLI is given beside its arguments. */
export type SignetInput = {
  /** Standard input; empty by default. */
  stdin?: string | Uint8Array;
  /** Environment beyond a bare one without any kubeconfig: KUBECONFIG, say. */
  env?: Readonly<Record<string, string>>;
  /** From the bundle that `npm run build` left in dist/, which starts sooner; by default as `cliProgram` says. */
  from?: "dist";
  /** Working directory; this process's by default. */
  cwd?: string;
  /** Milliseconds after which it is killed; a minute by default. */
  boundMs?: number;
};

const root = join(import.meta.dirname, "../..");
const bundle = join(root, "dist/signet.cjs");
/** A home in which nothing can be: no kubeconfig, no record of certificates. */
const HOMELESS = { HOME: "/dev/null" };

/**
 * Runs our CLI as a process, to its end.
 * @throws Error when it does not end within its bound.
 */
export async function runSignet(
  args: readonly string[],
  { env, from, ...input }: SignetInput = {},
): Promise<CommandResult> {
  const program = from === "dist" ? bundle : cliProgram;
  return runProgram(process.execPath, [program, ...args], {
    ...input,
    env: { PATH: process.env["PATH"], ...HOMELESS, ...(program === bundle ? {} : compileCache), ...env },
  });
}

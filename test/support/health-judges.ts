import { spawn } from "node:child_process";
import { ensureRealComponents } from "../tools/real-components.ts";
import type { ComponentName } from "../tools/recipe.ts";

/** What a judge of health makes of one object; `error` where it gives no verdict. */
export type HealthVerdict = { status?: string; message?: string; error?: string };

const patienceMs = 60_000;

/**
 * Has kstatus judge objects.
 * @returns for each object, in order, the verdict of kstatus and that of the fork Flux and Helm use:
 * Current, InProgress, Failed, Terminating, NotFound or Unknown.
 */
export function judgeByKstatus(
  objects: readonly object[],
): Promise<{ kstatus: HealthVerdict; flux: HealthVerdict }[]> {
  return judge("kstatus", [], objects);
}

/**
 * Has Argo CD's own health scripts judge SealedSecrets, and those of ours.
 * @param scripts files of Lua by name, as users would configure them.
 * @returns for each object, in order, the verdict by the name of each script (`v2`, `v3`, and those given): Healthy,
 * Degraded, Progressing, Suspended, Missing or Unknown.
 */
export function judgeByArgo<Name extends string = never>(
  objects: readonly object[],
  scripts: Readonly<Record<Name, string>>,
): Promise<Record<"v2" | "v3" | Name, HealthVerdict>[]> {
  const args = Object.entries(scripts).map(([name, file]) => `${name}=${file}`);
  return judge("argo-health", args, objects);
}

async function judge<Answer>(
  name: ComponentName,
  args: readonly string[],
  objects: readonly object[],
): Promise<Answer[]> {
  const program = (await ensureRealComponents([name]))[name];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], timeout: patienceMs });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  // An input that nobody reads any more is told by the exit code.
  child.stdin.on("error", () => {});
  child.stdin.end(objects.map((object) => `${JSON.stringify(object)}\n`).join(""));
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve(status ?? signal));
  });
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  const lines = Buffer.concat(chunks).toString().trimEnd().split("\n");
  const answers = lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Answer);
  if (answers.length !== objects.length) {
    throw new Error(`${name} answered ${answers.length} of ${objects.length} objects`);
  }
  return answers;
}

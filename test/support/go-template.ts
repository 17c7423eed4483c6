import { spawn } from "node:child_process";
import { ensureRealComponents } from "../tools/real-components.ts";

/** Templates that share their data, as one SealedSecret's do. Byte strings are given as bytes. */
export type TemplateSet = {
  name: string;
  /** Source by the template's own key. */
  templates: ReadonlyMap<string, Uint8Array>;
  /** What `.` holds, by item. */
  data: ReadonlyMap<string, Uint8Array>;
};

/** What Go made of one template: its output, or the error and where it arose. */
export type GoResult = { output: Buffer } | { error: string; phase: "parse" | "execute" };

type Answer = {
  name: string;
  results: Record<string, { output?: string; error?: string; phase?: "parse" | "execute" }>;
};

const patienceMs = 120_000;

/**
 * Has Go's text/template, with the functions kubeseal 0.40 offers, render all sets in one process.
 * @returns for each set, in order, the result of each of its templates.
 * @throws Error when the program fails or leaves a set unanswered.
 */
export async function renderWithGo(sets: readonly TemplateSet[]): Promise<ReadonlyMap<string, GoResult>[]> {
  const lines = sets.map(({ name, templates, data }) =>
    JSON.stringify({ name, templates: inBase64(templates), data: inBase64(data) }),
  );
  const answers = (await runGoTemplate([], `${lines.join("\n")}\n`)).trimEnd().split("\n");
  if (answers.length !== sets.length)
    throw new Error(`go-template answered ${answers.length} of ${sets.length} sets`);
  return answers.map((line) => {
    const { results } = JSON.parse(line) as Answer;
    return new Map(
      Object.entries(results).map(([key, { output, error, phase }]) => [
        key,
        error !== undefined && phase !== undefined
          ? { error, phase }
          : { output: Buffer.from(output ?? "", "base64") },
      ]),
    );
  });
}

/** @returns the names of all functions that templates have beside Go's builtins, sorted. */
export async function goFunctionNames(): Promise<string[]> {
  return (await runGoTemplate(["-functions"], "")).trimEnd().split("\n");
}

async function runGoTemplate(args: readonly string[], input: string): Promise<string> {
  const { "go-template": program } = await ensureRealComponents(["go-template"]);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"], timeout: patienceMs });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  // An input that nobody reads any more is told by the exit code.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const code = await new Promise<number | string | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status, signal) => resolve(status ?? signal));
  });
  if (code !== 0) throw new Error(`go-template ended with ${code}`);
  return Buffer.concat(chunks).toString();
}

function inBase64(entries: ReadonlyMap<string, Uint8Array>): Record<string, string> {
  return Object.fromEntries([...entries].map(([key, bytes]) => [key, Buffer.from(bytes).toString("base64")]));
}

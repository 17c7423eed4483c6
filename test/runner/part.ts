import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "./child-group.ts";
import { type RunRecord, readRecord } from "./record.ts";
import type { Timed } from "./slowest.ts";
import { readFailure, readLastLine, type Tally } from "./tally.ts";

/** One part of the run: its name, what came of it, its failed tests in a line each, how long it and its files took. */
export type PartResult = {
  name: string;
  tally: Tally;
  failures: string[];
  milliseconds: number;
  files: Timed[];
};

const reporter = join(import.meta.dirname, "reporter.ts");

/** What a part of Node's own test runner needs to know. */
export type NodeTestPart = {
  name: string;
  root: string;
  files: readonly string[];
  /** How many files run at a time. */
  concurrency: number;
  /** Bound for one test, suite or file, in ms: far longer than any takes, so that a hang ends some day. */
  boundMs: number;
  /** Program and arguments to put before the command, such as a netbox. */
  wrapper?: readonly string[];
  /** Options handed to Node as they are, such as --test-name-pattern=…. */
  nodeOptions: readonly string[];
  /** Folder for what is counted. */
  scratch: string;
  /** Runs beside other parts: what it has to show is shown at its end. */
  beside?: boolean;
};

/** Runs test files with Node's test runner: people read its spec reporter, we count from our own. */
export async function runNodeTests(part: NodeTestPart): Promise<PartResult> {
  const recordFile = join(part.scratch, `${part.name}.jsonl`);
  const shown = part.beside === true ? join(part.scratch, `${part.name}.txt`) : "stdout";
  const command = [
    ...(part.wrapper ?? []),
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    "--test",
    `--test-concurrency=${part.concurrency}`,
    `--test-timeout=${part.boundMs}`,
    "--test-reporter=spec",
    `--test-reporter-destination=${shown}`,
    `--test-reporter=${reporter}`,
    `--test-reporter-destination=${recordFile}`,
    ...part.nodeOptions,
    ...part.files,
  ];
  return timed(
    part.beside === true ? `${part.name}, beside what follows` : part.name,
    part.name,
    async () => {
      const { code } = await runCommand(command, part.root);
      if (part.beside === true) {
        console.log(`\n── ${part.name} ──`);
        console.log(await readFile(shown, "utf8").catch(() => ""));
      }
      return judged(
        part.name,
        code,
        readRecord(await readFile(recordFile, "utf8").catch(() => ""), part.root),
      );
    },
  );
}

/**
 * Runs a program that tests by itself, tells each failure in a line as `failureLine` writes it, and ends its output with a
 * line as `lastLine` writes it.
 */
export async function runTestProgram(name: string, root: string, script: string): Promise<PartResult> {
  return timed(name, name, async () => {
    const { code, output } = await runProgram(process.execPath, [script], { cwd: root, keepOutput: true });
    return judged(name, code, {
      tally: readLastLine(output),
      files: [],
      failures: output.split("\n").flatMap((line) => readFailure(line) ?? []),
    });
  });
}

function runCommand(
  [program, ...args]: readonly string[],
  cwd: string,
): Promise<{ code: number; output: string }> {
  if (program === undefined) throw new Error("no program to run");
  return runProgram(program, args, { cwd });
}

type Judged = Pick<PartResult, "tally" | "failures" | "files">;

/** A run that broke off, ran nothing, or ended with an error that no test accounts for, counts as a failure. */
function judged(name: string, code: number, { tally, failures, files }: RunRecord): Judged {
  const { passed, failed, skipped, todo } = tally ?? { passed: 0, failed: 0, skipped: 0, todo: 0 };
  const why =
    tally === null
      ? "broke off before it could count its tests"
      : passed + failed + skipped + todo === 0
        ? "ran no test"
        : code !== 0 && failed === 0
          ? `ended with exit code ${code} though no test failed`
          : null;
  if (why === null) return { tally: { passed, failed, skipped, todo }, failures, files };
  console.error(`error: ${name}: ${why}`);
  return {
    tally: { passed, failed: failed + 1, skipped, todo },
    failures: [...failures, `it ${why}`],
    files,
  };
}

async function timed(heading: string, name: string, work: () => Promise<Judged>): Promise<PartResult> {
  console.log(`\n── ${heading} ──`);
  const start = performance.now();
  const judgement = await work();
  return { name, ...judgement, milliseconds: performance.now() - start };
}

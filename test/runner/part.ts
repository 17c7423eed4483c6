import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "./child-group.ts";
import { readLastLine, readTapSummary, type Tally } from "./tally.ts";

/** One part of the run: its name, what came of it, and how long it took. */
export type PartResult = { name: string; tally: Tally; milliseconds: number };

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

/** Runs test files with Node's test runner: people read its spec reporter, we count from its TAP reporter. */
export async function runNodeTests(part: NodeTestPart): Promise<PartResult> {
  const tapFile = join(part.scratch, `${part.name}.tap`);
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
    "--test-reporter=tap",
    `--test-reporter-destination=${tapFile}`,
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
      const tally = readTapSummary(await readFile(tapFile, "utf8").catch(() => ""));
      return judged(part.name, code, tally);
    },
  );
}

/** Runs a program that tests by itself and ends its output with a line as `lastLine` writes it. */
export async function runTestProgram(name: string, root: string, script: string): Promise<PartResult> {
  return timed(name, name, async () => {
    const { code, output } = await runProgram(process.execPath, [script], { cwd: root, keepOutput: true });
    return judged(name, code, readLastLine(output));
  });
}

function runCommand(
  [program, ...args]: readonly string[],
  cwd: string,
): Promise<{ code: number; output: string }> {
  if (program === undefined) throw new Error("no program to run");
  return runProgram(program, args, { cwd });
}

/** A run that broke off, ran nothing, or ended with an error that no test accounts for, counts as a failure. */
function judged(name: string, code: number, tally: Tally | null): Tally {
  const { passed, failed, skipped, todo } = tally ?? { passed: 0, failed: 0, skipped: 0, todo: 0 };
  const why =
    tally === null
      ? "broke off before it could count its tests"
      : passed + failed + skipped + todo === 0
        ? "ran no test"
        : code !== 0 && failed === 0
          ? `ended with exit code ${code} though no test failed`
          : null;
  if (why === null) return { passed, failed, skipped, todo };
  console.error(`error: ${name}: ${why}`);
  return { passed, failed: failed + 1, skipped, todo };
}

async function timed(heading: string, name: string, work: () => Promise<Tally>): Promise<PartResult> {
  console.log(`\n── ${heading} ──`);
  const start = performance.now();
  const tally = await work();
  return { name, tally, milliseconds: performance.now() - start };
}

/*
 * Puts each seeded fault into a copy of the sources and asks its test to fail. `node test/seeded-faults/run.ts [WORD]`;
 * exit 0 when every fault is noticed, 1 when one is not, 2 when WORD fits none. `npm test` counts a fault as a test.
 */
import { spawn } from "node:child_process";
import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { slowest, type Timed } from "../runner/slowest.ts";
import { failureLine, lastLine } from "../runner/tally.ts";
import { makeScratchFolder } from "../support/control-plane/scratch-folder.ts";
import type { Fault } from "./fault.ts";
import { faults } from "./faults.ts";

const root = join(import.meta.dirname, "../..");
/** Not copied; the second are linked to. */
const [leftOut, linked] = [[".git"], ["node_modules", "toolchain", "dist"]];
/** Set by a run that has seen all these tests pass just before, in a tree of which ours is a copy. */
const testsHavePassed = process.env["SIGNET_UNIT_TESTS_PASSED"] === "1";
/** More than there are cores: some tests that notice a fault do so by waiting in vain. */
const workers = 4;
/** How long they wait for what does not come: see `patienceMs`. */
const patienceMs = 2_500;
/** For a test file under a fault, and for one without any: a fault that is noticed late costs every run its time. */
const [faultBoundMs, testBoundMs] = [30_000, 120_000];

/**
 * Where Node keeps what it makes of the sources, from run to run. Each copy knows it by the same name beside itself, and entries
 * go by the way from there: so all copies share them. Each is for one content of one file.
 */
const compiled = join(root, "node_modules/.cache/seeded-faults");

/** What came of running a test file: its failing tests, or how else it ended. */
type TestRun = { kind: "passed" } | { kind: "failed"; first: string } | { kind: "broken"; how: string };

/** Runs a test file in a copy, or the one test named, to its end or its first failing test. */
async function runTest(
  copy: string,
  { file, named, boundMs }: { file: string; named?: string | undefined; boundMs: number },
): Promise<TestRun> {
  // Not by --test: a file that cannot even be loaded would count as a failing test there.
  const { NODE_TEST_CONTEXT: _, SIGNET_TEST_BUNDLE: __, ...env } = process.env;
  const isGenerated = (await readFile(join(copy, file), "utf8")).includes('from "fast-check"');
  const before = ["end-on-request", ...(isGenerated ? ["fixed-seed"] : [])];
  const loaded = before.map((name) => `--import=./test/seeded-faults/${name}.ts`);
  const chosen = named === undefined ? [] : [`--test-name-pattern=${literally(named)}`];
  const args = [...loaded, "--test-reporter=./test/seeded-faults/first-failure.ts", ...chosen, file];
  const child = spawn(process.execPath, args, {
    cwd: copy,
    env: {
      ...env,
      NODE_COMPILE_CACHE: join(copy, "../compiled"),
      NODE_COMPILE_CACHE_PORTABLE: "1",
      SIGNET_TEST_PATIENCE_MS: String(patienceMs),
    },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: boundMs,
    killSignal: "SIGKILL",
  });
  let output = "";
  let first: string | null = null;
  let haste: NodeJS.Timeout | undefined;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    first ??= /^not ok - (.*)$/m.exec(output)?.[1] ?? null;
    // One failing test is the answer; the rest of the file need not run.
    if (first === null || haste !== undefined) return;
    child.kill("SIGTERM");
    haste = setTimeout(() => child.kill("SIGKILL"), 1000);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  clearTimeout(haste);
  if (first !== null) return { kind: "failed", first };
  if (code === 0) return { kind: "passed" };
  return {
    kind: "broken",
    how: code === null ? `did not end within ${boundMs / 1000} s` : whatFailed(output),
  };
}

/** @returns the error that ended a process, from the first line that names one. */
function whatFailed(output: string): string {
  const error = /^.*Error\b[\s\S]*/m.exec(output)?.[0] ?? output;
  return error.trim().slice(0, 300);
}

/** @returns a pattern that fits this text. */
function literally(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

/** @returns the test that noticed the fault, or what is wrong. */
async function tryFault(
  copy: string,
  fault: Fault,
): Promise<{ noticedBy: string; isMisnamed?: boolean } | { problem: string }> {
  const path = join(copy, fault.file);
  const source = await readFile(path, "utf8");
  const times = source.split(fault.find).length - 1;
  if (times !== 1) return { problem: `the text to replace stands ${times} times in ${fault.file}` };
  await writeFile(
    path,
    source.replace(fault.find, () => fault.replace),
  );
  try {
    const file = fault.test;
    let run = await runTest(copy, { file, named: fault.named, boundMs: faultBoundMs });
    // The name saves time and proves nothing: another test of the file may be what notices.
    const isMisnamed = run.kind === "passed" && fault.named !== undefined;
    if (isMisnamed) run = await runTest(copy, { file, boundMs: faultBoundMs });
    if (run.kind === "failed") return { noticedBy: run.first, isMisnamed };
    if (run.kind === "passed") return { problem: `${fault.test} passed all the same` };
    return { problem: `${fault.test} could not run: ${run.how}` };
  } finally {
    await writeFile(path, source);
  }
}

async function makeCopy(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await mkdir(compiled, { recursive: true });
  await symlink(compiled, join(path, "../compiled"));
  for (const part of await readdir(root)) {
    if (linked.includes(part)) await symlink(join(root, part), join(path, part));
    else if (!leftOut.includes(part)) await cp(join(root, part), join(path, part), { recursive: true });
  }
}

const word = process.argv[2] ?? "";
const chosen = faults.filter(({ what, file }) => `${what} ${file}`.includes(word));
if (chosen.length === 0) {
  console.error(`no seeded fault has ${JSON.stringify(word)} in its description or file`);
  process.exit(2);
}

const problems: string[] = [];
const times: Timed[] = [];
const misnamed: string[] = [];
let noticed = 0;
// A test that fails anyway would notice everything.
const tests = testsHavePassed ? [] : [...new Set(chosen.map(({ test }) => test))];
const waiting = [...chosen];
const scratch = await makeScratchFolder("seeded-faults");
try {
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      const copy = join(scratch.path, String(worker), "copy");
      await makeCopy(copy);
      for (let test = tests.shift(); test !== undefined; test = tests.shift()) {
        const run = await runTest(copy, { file: test, boundMs: testBoundMs });
        if (run.kind === "failed") problems.push(`${test} fails without any fault: ${run.first}`);
        if (run.kind === "broken") problems.push(`${test} could not run: ${run.how}`);
      }
      for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
        const start = performance.now();
        const outcome = await tryFault(copy, fault);
        const by = "noticedBy" in outcome ? outcome.noticedBy : "nothing";
        times.push({
          name: `${fault.what} (${fault.test}: ${by})`,
          milliseconds: performance.now() - start,
        });
        if ("noticedBy" in outcome && outcome.isMisnamed === true)
          misnamed.push(`  ${fault.what}: not by the test that it names, but by ${by}`);
        if ("noticedBy" in outcome) noticed++;
        else problems.push(`${fault.what}: ${outcome.problem}`);
      }
    }),
  );
} finally {
  await scratch.remove();
}

console.log(["the faults that took longest to be noticed:", ...slowest(times)].join("\n"));
if (misnamed.length > 0) console.log(["noticed late:", ...misnamed].join("\n"));
for (const problem of problems) console.log(failureLine(problem));
console.log(lastLine({ passed: noticed, failed: problems.length, skipped: 0, todo: 0 }));
process.exitCode = problems.length === 0 ? 0 : 1;

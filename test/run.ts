// npm test [-- FILE...]: all tests, or those of the files and folders named. Arguments that begin with "-" go to Node.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endChildrenOnSignals, isStopped, runProgram } from "./runner/child-group.ts";
import { compileCache } from "./runner/compile-cache.ts";
import { type NodeTestPart, type PartResult, runNodeTests, runTestProgram } from "./runner/part.ts";
import { leaveOut, narrow, type Plan, planTests } from "./runner/plan.ts";
import { seconds, slowest } from "./runner/slowest.ts";
import { lastLine, total } from "./runner/tally.ts";
import { ensureMotoServer } from "./tools/moto.ts";
import { ensureRealComponents, realComponentsAvailable } from "./tools/real-components.ts";
import { componentNames } from "./tools/recipe.ts";
import { referenceChart } from "./tools/reference-chart.ts";

const root = join(import.meta.dirname, "..");
const seededFaults = "test/seeded-faults/run.ts";
const inCI = !["", "0", "false"].includes(process.env["CI"] ?? "");
/** Files of a part at a time, more than there are cores: they wait now and then, for processes, servers and clocks. */
const concurrency = 3;
/** Of what waits most of its time, which runs beside the others. */
const waitingConcurrency = 2;
const minutes = 60_000;

endChildrenOnSignals();
// For the processes of the test runner, which hand it to those they start.
Object.assign(process.env, compileCache);
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const asked = args.filter((arg) => !arg.startsWith("-"));
  const nodeOptions = args.filter((arg) => arg.startsWith("-"));
  let plan: Plan;
  try {
    plan = narrow(await planTests(root), asked);
  } catch (error) {
    console.error(
      `error: ${messageOf(error)}\nhint: name files or folders below test/, as in npm test -- test/cli`,
    );
    return 2;
  }
  const scratch = await mkdtemp(join(tmpdir(), "signet-test-run-"));
  try {
    const results: PartResult[] = [];
    const broken = (await builds()) ? [] : ["the build failed"];
    if (broken.length === 0) process.env["SIGNET_TEST_BUNDLE"] = "1";
    const { netbox, missing } = await realComponents(plan).catch((error: unknown) => {
      broken.push(messageOf(error));
      return { netbox: null, missing: [] };
    });
    if (netbox !== null) {
      const lacking = await whyNoMoto(plan);
      if (lacking !== null) {
        missing.push(lacking);
        plan = leaveOut(plan, plan.withMoto);
      }
    }
    const run = (part: Part) => runNodeTests({ ...part, root, nodeOptions, scratch });
    const beside = waitingParts(plan, netbox).map(run);
    for (const part of parts(plan, netbox)) {
      if (isStopped()) break;
      results.push(await run(part));
    }
    const unit = results.find(({ name }) => name === "unit")?.tally;
    if (unit !== undefined && unit.passed > 0 && unit.failed === 0)
      process.env["SIGNET_UNIT_TESTS_PASSED"] = "1";
    if (asked.length === 0 && existsSync(join(root, seededFaults)) && !isStopped())
      results.push(await runTestProgram("seeded-faults", root, seededFaults));
    results.push(...(await Promise.all(beside)));
    return report(results, missing, broken);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Makes dist/, which several tests run. */
async function builds(): Promise<boolean> {
  const { code } = await runProgram(process.execPath, ["scripts/build.ts"], { cwd: root });
  return code === 0;
}

type Components = { netbox: string | null; missing: string[] };

/** Builds the real components where the plan needs them; says why where that cannot be. */
async function realComponents(plan: Plan): Promise<Components> {
  const inNetbox = plan.inNetbox.length + plan.waiting.length;
  const files = plan.withComponents.length + inNetbox;
  if (files === 0) return { netbox: null, missing: [] };
  const leftOut = (reason: string): Components => ({
    netbox: null,
    missing: [
      `left out ${files} test files that run against real components (etcd, kube-apiserver, kubeseal …): ${reason}`,
    ],
  });
  const names = componentNames.filter((name) => name !== "vault" || plan.withVault.length > 0);
  const availability = await realComponentsAvailable(names);
  if (!availability.available) return leftOut(availability.reason);
  const start = performance.now();
  const { netbox } = await ensureRealComponents(names);
  // A box has no network to fetch it by.
  await referenceChart();
  console.log(`real components ready in ${seconds(performance.now() - start)}`);
  if (inNetbox === 0) return { netbox, missing: [] };
  const probe = await runProgram(netbox, ["run", "--", process.execPath, "-e", "0"], { cwd: root });
  return probe.code === 0
    ? { netbox, missing: [] }
    : leftOut("this machine lets no process have a network of its own");
}

/** Makes moto where the plan needs it; in a box there would be no network to fetch it by. */
async function whyNoMoto({ withMoto: files }: Plan): Promise<string | null> {
  if (files.length === 0) return null;
  return ensureMotoServer().then(
    () => null,
    (error: unknown) => `left out ${files.length} test files that run against moto: ${messageOf(error)}`,
  );
}

type Part = Pick<NodeTestPart, "name" | "files" | "concurrency" | "boundMs" | "wrapper" | "beside">;

/** What waits most of its time, in a box of its own. */
function waitingParts({ waiting: files }: Plan, netbox: string | null): Part[] {
  if (netbox === null || files.length === 0) return [];
  const wrapper = [netbox, "run", "--"];
  return [
    { name: "waiting", files, concurrency: waitingConcurrency, boundMs: 25 * minutes, wrapper, beside: true },
  ];
}

function parts(plan: Plan, netbox: string | null): Part[] {
  const alone = { name: "unit", files: plan.alone, concurrency, boundMs: 15 * minutes };
  const rest =
    netbox === null
      ? []
      : [
          { name: "components", files: plan.withComponents, concurrency, boundMs: 20 * minutes },
          {
            name: "interop",
            files: plan.inNetbox,
            concurrency,
            boundMs: 20 * minutes,
            wrapper: [netbox, "run", "--"],
          },
        ];
  return [alone, ...rest].filter(({ files }) => files.length > 0);
}

function report(
  results: readonly PartResult[],
  missing: readonly string[],
  broken: readonly string[],
): number {
  const all = total(results.map(({ tally }) => tally));
  for (const { name, files } of results.filter(({ files }) => files.length > 1))
    console.log([`\nthe slowest files of ${name}:`, ...slowest(files)].join("\n"));
  console.log("");
  for (const { name, tally, milliseconds } of results)
    console.log(`${name.padEnd(14)} ${seconds(milliseconds).padStart(8)}  ${lastLine(tally)}`);
  if (all.todo > 0) console.log(`${all.todo} of the skipped are marked as to do`);
  for (const message of missing) console.log(`${inCI ? "error" : "note"}: ${message}`);
  for (const message of broken) console.log(`error: ${message}`);
  if (isStopped()) console.log("error: stopped by a signal; not every test has run");
  // CI shows the end of what is said: this has to be there.
  for (const { name, failures } of results)
    for (const failure of failures) console.log(`failed: ${name} ${failure}`);
  console.log(lastLine(all));
  if (isStopped()) return 130;
  const incomplete = inCI && (missing.length > 0 || all.skipped + all.todo > 0);
  return all.failed > 0 || all.passed === 0 || broken.length > 0 || incomplete ? 1 : 0;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

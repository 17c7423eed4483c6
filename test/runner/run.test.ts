import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const repository = join(import.meta.dirname, "..", "..");
const lastLine = (output: string): string => output.trimEnd().split("\n").at(-1) ?? "";
const testFile = (body: string): string => `import { test } from "node:test";\n${body}\n`;
const passing = testFile('test("passes", () => {});');

// Stands in for the components: a "netbox" that only marks what runs in it.
const available = (netbox: string): string =>
  `export const realComponentsAvailable = async () => ({ available: true });
   export const ensureRealComponents = async (names) => {
     console.log("asked for " + names.join(" "));
     return { netbox: ${JSON.stringify(netbox)} };
   };\n`;
const missing = `export const realComponentsAvailable = async () => ({ available: false, reason: "there is no Go" });
   export const ensureRealComponents = async () => { throw new Error("not to be called"); };\n`;
const unbuildable = `export const realComponentsAvailable = async () => ({ available: true });
   export const ensureRealComponents = async () => { throw new Error("building etcd failed"); };\n`;

suite("npm test", () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "signet-run-test-"));
    await cp(join(repository, "test", "run.ts"), join(root, "test", "run.ts"));
    await cp(join(repository, "test", "runner"), join(root, "test", "runner"), {
      recursive: true,
      filter: (path) => !path.endsWith(".test.ts"),
    });
    await cp(join(repository, "scripts", "imports"), join(root, "scripts", "imports"), { recursive: true });
    const netbox = join(root, "netbox");
    await writeFile(netbox, '#!/bin/sh\nshift 2\nIN_BOX=yes exec "$@"\n', { mode: 0o755 });
    await lay({
      "package.json": '{ "type": "module" }',
      "scripts/build.ts": 'console.log("built");\n',
      "test/tools/real-components.ts": available(netbox),
      "test/tools/recipe.ts": 'export const componentNames = ["etcd", "vault"];\n',
      "test/tools/moto.ts": "export const ensureMotoServer = async () => {};\n",
      "test/tools/reference-chart.ts": "export const referenceChart = async () => {};\n",
      "test/shared/one.test.ts": passing,
      "test/cli/real.test.ts": `import "../tools/real-components.ts";\n${testFile('test("no box", (t) => t.assert.equal(process.env.IN_BOX, undefined));')}`,
      "test/interop/two.test.ts": testFile(
        'test("box", (t) => t.assert.equal(process.env.IN_BOX, "yes"));\ntest("more", () => {});',
      ),
    });
  });
  afterEach(() => rm(root, { recursive: true }));

  async function lay(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
  }

  const start = (args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess => {
    // As a nested run, Node's test runner would report to its parent instead of counting.
    const { NODE_TEST_CONTEXT: _, CI: __, ...inherited } = process.env;
    return spawn(process.execPath, [join(root, "test", "run.ts"), ...args], {
      cwd: root,
      env: { ...inherited, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  };

  const run = (args: string[] = [], env?: NodeJS.ProcessEnv) => ended(start(args, env));

  function ended(child: ChildProcess): Promise<{ code: number | null; output: string }> {
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, output })));
  }

  test("builds, runs each file where it belongs, and counts all of them", async () => {
    const { code, output } = await run();
    assert.equal(code, 0, output);
    assert.equal(lastLine(output), "4 passed, 0 failed, 0 skipped");
    assert.match(output, /^built$/m);
    assert.match(output, /^unit +[\d.]+ s {2}1 passed/m);
    assert.match(output, /^components +[\d.]+ s {2}1 passed/m);
    assert.match(output, /^interop +[\d.]+ s {2}2 passed/m);
  });

  test("what waits most of its time runs beside the rest, in a box of its own, and counts", async () => {
    const waits = (body: string) => testFile(`test("waits", async (t) => { ${body} });`);
    // Each waits for the other: one after the other, neither would pass.
    const meet = (own: string, other: string) =>
      `const { existsSync, writeFileSync } = await import("node:fs");
       writeFileSync(${JSON.stringify(own)}, "");
       for (const end = Date.now() + 120_000; !existsSync(${JSON.stringify(other)}); )
         if (Date.now() > end) throw new Error("alone"); else await new Promise((resolve) => setTimeout(resolve, 20));
       t.assert.equal(process.env.IN_BOX, "yes");`;
    const [a, b] = [join(root, "a"), join(root, "b")];
    await lay({
      "test/interop/faults-any.test.ts": waits(meet(a, b)),
      "test/interop/two.test.ts": waits(meet(b, a)),
    });
    const { code, output } = await run();
    assert.equal(code, 0, output);
    assert.match(output, /^waiting +[\d.]+ s {2}1 passed/m);
    assert.match(output, /✔ waits[\s\S]*── waiting ──[\s\S]*✔ waits/);
    await lay({
      "test/interop/faults-any.test.ts": waits("throw new Error()"),
      "test/interop/two.test.ts": passing,
    });
    assert.equal((await run()).code, 1);
  });

  test("a failing test fails the run", async () => {
    await lay({ "test/shared/bad.test.ts": testFile('test("fails", (t) => t.assert.ok(false));') });
    const { code, output } = await run();
    assert.equal(code, 1);
    assert.equal(lastLine(output), "4 passed, 1 failed, 0 skipped");
  });

  test("failed tests are named at the end, after the counts, and the slowest files of each part before", async () => {
    await lay({
      "test/shared/bad.test.ts": testFile(
        'import { suite } from "node:test";\nsuite("outer", () => { test("fails", (t) => t.assert.ok(false)); test("does not", () => {}); });',
      ),
      "test/interop/broken.test.ts": 'throw new Error("broken file");\n',
      "test/seeded-faults/run.ts":
        'console.log("failed: a fault: passed all the same\\n6 passed, 1 failed, 0 skipped");\nprocess.exitCode = 1;\n',
    });
    const { code, output } = await run();
    assert.equal(code, 1, output);
    assert.deepEqual(output.trimEnd().split("\n").slice(-4), [
      "failed: unit test/shared/bad.test.ts: outer > fails (The expression evaluated to a falsy value: t.assert.ok(false))",
      "failed: interop test/interop/broken.test.ts (test failed)",
      "failed: seeded-faults a fault: passed all the same",
      "11 passed, 3 failed, 0 skipped",
    ]);
    assert.match(
      output,
      /^the slowest files of unit:\n +\d+\.\d s {2}test\/shared\/(?:bad|one)\.test\.ts\n.*\n\n/m,
    );
    assert.match(output, /^the slowest files of interop:\n[\s\S]*\nunit +[\d.]+ s {2}2 passed, 1 failed/m);
  });

  test("a file that does not load fails the run", async () => {
    await lay({ "test/shared/bad.test.ts": 'throw new Error("broken file");\n' });
    const { code, output } = await run(["test/shared/bad.test.ts"]);
    assert.equal(code, 1);
    assert.equal(lastLine(output), "0 passed, 1 failed, 0 skipped");
  });

  test("a part that breaks off fails the run", async () => {
    await lay({ netbox: '#!/bin/sh\nshift 2\ncase "$*" in *--test*) kill -9 $$;; esac\n' });
    const { code, output } = await run(["test/interop"]);
    assert.equal(code, 1);
    assert.match(output, /interop: broke off/);
    assert.match(output, /^failed: interop it broke off/m);
    assert.equal(lastLine(output), "0 passed, 1 failed, 0 skipped");
  });

  test("skipped tests, and those to do, are counted; they fail the run in CI only", async () => {
    await lay({
      "test/shared/skip.test.ts": testFile('test.skip("a", () => {});\ntest.todo("b");'),
    });
    const locally = await run(["test/shared"]);
    assert.equal(locally.code, 0, locally.output);
    assert.equal(lastLine(locally.output), "1 passed, 0 failed, 2 skipped");
    assert.equal((await run(["test/shared"], { CI: "true" })).code, 1);
    assert.equal((await run(["test/shared/one.test.ts"], { CI: "true" })).code, 0);
  });

  test("without real components: one line says so and the rest passes; in CI it is a failure", async () => {
    await lay({ "test/tools/real-components.ts": missing });
    const locally = await run();
    assert.equal(locally.code, 0, locally.output);
    assert.equal(lastLine(locally.output), "1 passed, 0 failed, 0 skipped");
    const said = locally.output.split("\n").filter((line) => line.includes("there is no Go"));
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /^note: left out 2 test files that run against real components/);
    const inCI = await run([], { CI: "true" });
    assert.equal(inCI.code, 1);
    assert.match(inCI.output, /^error: left out 2 test files/m);
  });

  test("real components that do not build fail the run; the rest still runs", async () => {
    await lay({ "test/tools/real-components.ts": unbuildable });
    const { code, output } = await run();
    assert.equal(code, 1);
    assert.match(output, /^error: building etcd failed$/m);
    assert.equal(lastLine(output), "1 passed, 0 failed, 0 skipped");
  });

  test("Vault is built only where a test that starts it is to run", async () => {
    await lay({
      "test/support/vault-server.ts": 'import "../tools/real-components.ts";\n',
      "test/interop/three.test.ts": `import "../support/vault-server.ts";\n${passing}`,
    });
    assert.match((await run()).output, /^asked for etcd vault$/m);
    assert.match((await run(["test/interop/three.test.ts"])).output, /^asked for etcd vault$/m);
    assert.match((await run(["test/interop/two.test.ts"])).output, /^asked for etcd$/m);
  });

  test("without moto, what starts it is left out and named, and the rest runs", async () => {
    await lay({
      "test/tools/moto.ts":
        'export const ensureMotoServer = async () => { throw new Error("there is no Python"); };\n',
      "test/interop/three.test.ts": `import "../tools/moto.ts";\n${testFile('test("fails", (t) => t.assert.ok(false));')}`,
    });
    const locally = await run();
    assert.equal(locally.code, 0, locally.output);
    assert.equal(lastLine(locally.output), "4 passed, 0 failed, 0 skipped");
    assert.match(locally.output, /^note: left out 1 test files that run against moto: there is no Python$/m);
    assert.equal((await run([], { CI: "true" })).code, 1);
    assert.doesNotMatch((await run(["test/interop/two.test.ts"])).output, /moto/);
  });

  test("a kernel that allows no box leaves out what needs one", async () => {
    await lay({ netbox: "#!/bin/sh\nexit 125\n" });
    const { code, output } = await run([], { CI: "true" });
    assert.equal(code, 1);
    assert.match(output, /^error: left out 2 test files.*network of its own$/m);
  });

  test("a failing build fails the run", async () => {
    await lay({ "scripts/build.ts": "process.exitCode = 1;\n" });
    const { code, output } = await run(["test/shared"]);
    assert.equal(code, 1);
    assert.match(output, /^error: the build failed$/m);
  });

  test("runs one file, or one folder, where it belongs", async () => {
    const file = await run(["./test/interop/two.test.ts"]);
    assert.equal(file.code, 0, file.output);
    assert.equal(lastLine(file.output), "2 passed, 0 failed, 0 skipped");
    const folder = await run(["test/shared/"]);
    assert.equal(lastLine(folder.output), "1 passed, 0 failed, 0 skipped");
  });

  test("a name that fits nothing is wrong usage", async () => {
    const { code, output } = await run(["test/shared/nothing.test.ts"]);
    assert.equal(code, 2);
    assert.match(output, /^error: no test file fits test\/shared\/nothing\.test\.ts\nhint: /);
  });

  test("the seeded faults are counted by their last line, and a broken run of them fails", async () => {
    await lay({ "test/seeded-faults/run.ts": 'console.log("7 passed, 0 failed, 0 skipped");\n' });
    const counted = await run();
    assert.equal(counted.code, 0, counted.output);
    assert.equal(lastLine(counted.output), "11 passed, 0 failed, 0 skipped");
    const lying = 'console.log("7 passed, 0 failed, 0 skipped");\nprocess.exitCode = 1;\n';
    await lay({ "test/seeded-faults/run.ts": lying });
    assert.equal(lastLine((await run()).output), "11 passed, 1 failed, 0 skipped");
    await lay({ "test/seeded-faults/run.ts": 'throw new Error("broken");\n' });
    const broken = await run();
    assert.equal(broken.code, 1);
    assert.equal(lastLine(broken.output), "4 passed, 1 failed, 0 skipped");
  });

  test("Ctrl-C ends what was started, too", async () => {
    const note = join(root, "pid");
    await lay({
      "test/shared/long.test.ts": testFile(
        `import { spawn } from "node:child_process";
         import { writeFileSync } from "node:fs";
         test("lasts", async () => {
           const child = spawn("sleep", ["600"]);
           writeFileSync(${JSON.stringify(note)}, String(child.pid));
           await new Promise((resolve) => child.on("close", resolve));
         });`,
      ),
    });
    const child = start(["test/shared/long.test.ts"]);
    const ending = ended(child);
    const pid = await eventually(async () => Number(await readFile(note, "utf8").catch(() => "")) || null);
    child.kill("SIGINT");
    const { code, output } = await ending;
    assert.equal(code, 130, output);
    assert.match(output, /stopped by a signal/);
    assert.equal(await eventually(async () => (isAlive(pid) ? null : "gone")), "gone");
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function eventually<T>(probe: () => Promise<T | null>): Promise<T> {
  for (const deadline = Date.now() + 120_000; Date.now() < deadline; await sleep(50)) {
    const found = await probe();
    if (found !== null) return found;
  }
  throw new Error("it did not happen within two minutes");
}

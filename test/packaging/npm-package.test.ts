import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { version } from "../../shared/version.ts";
import { runProgram } from "../support/run-program.ts";
import { oldNode } from "./old-node.ts";
import { copySources, linkDependencies, repository } from "./repository-copy.ts";

const needed = /^error: signet needs Node\.js 24 or newer; this is v\d+\.\d+\.\d+\n$/;

suite("the npm package", () => {
  let folder: string;
  let packed: string[];
  let commands: string;
  const path = [dirname(process.execPath), process.env["PATH"]].join(delimiter);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "signet-package-test-"));
    const sources = join(folder, "sources");
    const installed = join(folder, "installed");
    await copySources(sources);
    await linkDependencies(sources);
    // Makes sure that what is linked is what the lockfile says, else prepare would install into it.
    await succeeds("node", [join(repository, "scripts", "bootstrap.mjs"), "shared/version.ts"]);
    const { stdout } = await succeeds(
      "npm",
      ["pack", "--json", "--silent", `--pack-destination=${folder}`],
      sources,
    );
    const answer: unknown = JSON.parse(stdout.slice(stdout.indexOf("[\n")));
    packed = pathsIn(answer);
    await mkdir(installed);
    // With an empty cache and no network, an install that needs any other package fails.
    const offline = ["--offline", `--cache=${join(folder, "cache")}`, "--no-audit", "--no-fund"];
    await succeeds("npm", ["install", ...offline, join(folder, `signet-${version}.tgz`)], installed);
    commands = join(installed, "node_modules", ".bin");
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function succeeds(command: string, args: readonly string[], cwd = folder) {
    const env = { ...process.env, PATH: path };
    // Packing builds everything first.
    const result = await runProgram(command, args, { cwd, env, boundMs: 180_000 });
    assert.equal(result.code, 0, `${command} ${args[0]}: ${result.stderr}${result.stdout}`);
    return result;
  }

  test("holds the bundles, the manifests and its papers, and nothing else", () => {
    const known = /^(?:dist\/.+\.[cm]js|dist\/LICENSES\.txt|deploy\/[^/]+\.yaml)$/;
    const others = packed.filter((file) => !known.test(file));
    assert.deepEqual(others.toSorted(), ["LICENSE", "README.md", "crds/sealedsecrets.yaml", "package.json"]);
    for (const file of ["dist/signet.cjs", "dist/signet.mjs", "dist/controller.mjs"])
      assert.ok(packed.includes(file), file);
  });

  test("the commands of bin, and no more, are linked", async () => {
    assert.deepEqual((await readdir(commands)).toSorted(), ["kubectl-signet", "signet", "signet-krm"]);
  });

  for (const command of ["signet", "kubectl-signet", "signet-krm"]) {
    test(`${command} --version runs under Node 24`, async () => {
      const { stdout, stderr } = await succeeds(join(commands, command), ["--version"]);
      assert.equal(stdout, `signet version: ${version}\n`);
      assert.equal(stderr, "");
    });

    test(`${command} on an old Node says in one line which Node it needs`, async () => {
      const node = await oldNode();
      const env = { ...process.env, PATH: [dirname(node), process.env["PATH"]].join(delimiter) };
      const result = await runProgram(join(commands, command), ["--version"], { env });
      // Node 12 itself says that modules are experimental, on top of ours.
      const own = result.stderr.replace(/^\(node:.*\n|^\(Use .*\n/gm, "");
      assert.match(own, needed);
      assert.equal(result.stdout, "");
      assert.equal(result.code, 1);
    });
  }

  test("the oldest Node that is new enough is 24", async () => {
    const { engines } = JSON.parse(await readFile(join(repository, "package.json"), "utf8"));
    assert.equal(engines.node, ">=24");
    const stub = join(commands, "signet");
    const under = (pretended: string) => {
      const versions = `{ value: { ...process.versions, node: "${pretended}" } }`;
      const preload = `data:text/javascript,Object.defineProperty(process, "versions", ${versions})`;
      return runProgram(process.execPath, ["--import", preload, stub, "--version"]);
    };
    const refused = await under("23.11.1");
    assert.match(refused.stderr, needed);
    assert.equal(refused.code, 1);
    const accepted = await under("24.0.0");
    assert.equal(accepted.stdout, `signet version: ${version}\n`);
    assert.equal(accepted.code, 0);
  });

  test("the files of dist/ that start programs are executable, in the package too", async () => {
    for (const name of ["signet.cjs", "signet.mjs", "controller.mjs"]) {
      const file = join(dirname(commands), "signet", "dist", name);
      const { mode } = await stat(file);
      assert.equal(mode & 0o111, 0o111, name);
    }
  });

  test("an incomplete installation is reported without a stack trace", async () => {
    const dist = join(dirname(commands), "signet", "dist");
    const bundle = join(dist, "cli", "main.cjs");
    const text = await readFile(bundle);
    await rm(bundle);
    try {
      const { code, stdout, stderr } = await runProgram(process.execPath, [
        join(dist, "signet.cjs"),
        "--version",
      ]);
      assert.equal(code, 1);
      assert.equal(stdout, "");
      assert.match(stderr, /^error: signet could not start \(MODULE_NOT_FOUND\)\nhint: [^\n]+\n$/);
    } finally {
      await writeFile(bundle, text);
    }
  });
});

function pathsIn(answer: unknown): string[] {
  assert.ok(Array.isArray(answer) && answer.length === 1);
  const files: unknown = answer[0].files;
  assert.ok(Array.isArray(files));
  return files.map((file) => String(file.path));
}

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { version } from "../../shared/version.ts";
import { type CommandResult, runProgram } from "../support/run-program.ts";
import { parseDockerfile, type Step } from "./dockerfile.ts";
import { type Image, replay } from "./image-build.ts";
import { repository } from "./repository-copy.ts";

suite("the Dockerfile", () => {
  let folder: string;
  let steps: Step[];
  let image: Image;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "signet-image-test-"));
    // The image's user must be able to reach it.
    await chmod(folder, 0o755);
    steps = parseDockerfile(await readFile(join(repository, "Dockerfile"), "utf8"));
    image = await replay(steps, repository, folder);
    const node = join(image.root, image.entrypoint[0] ?? "");
    await mkdir(dirname(node), { recursive: true });
    await copyFile(process.execPath, node);
    await chmod(node, 0o755);
    await makeReadOnly(image.root);
  });
  after(async () => {
    await runProgram("chmod", ["-R", "u+w", folder]);
    await rm(folder, { recursive: true, force: true });
  });

  test("every stage stands on Node 24, the last on a minimal image that names its user", () => {
    const images = steps.flatMap((step) => (step.kind === "from" ? [step.image] : []));
    assert.ok(images.length > 1);
    for (const name of images) assert.match(name, /^(?:node:24-|gcr\.io\/distroless\/nodejs24-)/);
    assert.match(image.base, /distroless.*:nonroot$/);
  });

  test("it runs as a user that is given by number and is not root", () => {
    assert.match(image.user ?? "", /^[1-9]\d*:[1-9]\d*$/);
  });

  test("it shows the API's and the metrics' port", () => {
    assert.deepEqual(image.ports, ["8080", "8081"]);
  });

  test("no install script of a dependency runs", () => {
    const installs = steps.flatMap((step) =>
      step.kind === "run" && /npm/.test(step.command) ? [step.command] : [],
    );
    assert.deepEqual(installs, ["npm ci --ignore-scripts"]);
  });

  test("the last stage holds the controller and its notice, and nothing else of ours", async () => {
    const app = join(image.root, "app");
    assert.deepEqual((await readdir(app)).toSorted(), ["LICENSES.txt", "controller", "controller.mjs"]);
    assert.deepEqual((await readdir(image.root)).toSorted(), ["app", "nodejs"]);
  });

  test("the result tells its version, on a read-only tree, as its user", async () => {
    const result = await runImage(["--version"]);
    assert.deepEqual(result, { code: 0, stdout: `controller version: v${version}\n`, stderr: "" });
  });

  test("the result starts: it asks for a cluster", async () => {
    const { code, stdout, stderr } = await runImage([]);
    assert.equal(code, 1);
    assert.match(stdout, /Starting/);
    assert.match(stderr, /^error: [^\n]+\nhint: [^\n]+\n$/);
  });

  test("Node's own answer to SIGUSR1, an inspector, cannot come up before the controller's", async () => {
    const [node = "", ...flags] = entrypoint().slice(0, -1);
    const script = 'console.log("ready"); setTimeout(() => {}, 60_000)';
    const child = spawn(node, [...flags, "-e", script], { env: image.env, stdio: "pipe" });
    let output = "";
    const seen = new Promise<void>((resolve) => {
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => {
          if (text.includes("ready")) child.kill("SIGUSR1");
          output += text;
          if (/inspector|Debugger/i.test(text)) resolve();
        });
      child.on("close", () => resolve());
    });
    const bound = setTimeout(() => child.kill("SIGKILL"), 30_000);
    await seen;
    clearTimeout(bound);
    child.kill("SIGKILL");
    assert.match(output, /Starting inspector on 203\.0\.113\.1:9229 failed/);
    assert.doesNotMatch(output, /Debugger listening/);
  });

  /** The entry point with its paths inside the stage. */
  function entrypoint(): string[] {
    return image.entrypoint.map((word) => (word.startsWith("/") ? join(image.root, word) : word));
  }

  function runImage(args: string[]): Promise<CommandResult> {
    const [command = "", ...rest] = entrypoint();
    const [uid = 0, gid = 0] = (image.user ?? "").split(":").map(Number);
    return runProgram(command, [...rest, ...args], {
      cwd: join(image.root, image.workdir),
      env: image.env,
      // Only root may become another.
      ...(process.getuid?.() === 0 ? { user: { uid, gid } } : {}),
    });
  }
});

suite("reading a Dockerfile", () => {
  for (const line of [
    "ADD a b",
    "RUN --mount=type=cache x",
    "COPY --chown=1:1 a b",
    "ENV A $B",
    "SHELL []",
    "FROM",
  ])
    test(`refuses what the replay would not do: ${line}`, () => {
      assert.throws(() => parseDockerfile(`${line}\n`), /cannot read/);
    });
});

async function makeReadOnly(root: string): Promise<void> {
  const { code, stderr } = await runProgram("chmod", ["-R", "a-w,a+rX", root]);
  assert.equal(code, 0, stderr);
}
